"""The figure to beat: a bag of words with logistic regression, on the same texts as the model."""

import hashlib
import importlib.metadata
import json
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kerastc.files import writing
from kerastc.forms import COUNT, check
from kerastc.npz_files import is_finite_of, read_arrays
from kerastc.progress import progress, tell
from kerastc.run import Run
from kerastc.text.spaces import without_spaces
from kerastc.training.config import FineTuningConfig
from kerastc.training.pair_documents import pair_documents

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from kerastc.data.labelled import Labelled
    from kerastc.data.splits import Splits

STRENGTH = 4.0  # C: the inverse of the L2 penalty
CHUNK = 20_000  # texts whose words are in memory at a time
COEFFICIENTS = 2**22  # at most, over all classes: the solver keeps some ten arrays of them
CELLS = 2**25  # training rows x classes at most: the solver keeps some five arrays of them
WORDS = "bag of words"
CHARACTERS = "bag of character n-grams"
# The terms that each counts, and how many consecutive ones form an n-gram.
TERMS = {
    WORDS: ("word", (1, 2)),
    CHARACTERS: ("char", (1, 3)),
    f"{WORDS} of both texts": ("word", (1, 2)),
    f"{CHARACTERS} of both texts": ("word", (1, 3)),  # each character is marked, as a word
}


@dataclass(frozen=True)
class Baseline:
    """The predictions of a bag of words, or of counts, for what the model is measured on.

    Args:
        validation, test: answers; of a bag of words (rows, classes) float32 probabilities.
        figures: `seconds` of fitting, `predicting_seconds` of both parts, `parameters`.
        name: of it; of a bag of words a key of `TERMS`.
    """

    validation: np.ndarray
    test: np.ndarray
    figures: dict[str, float]
    name: str = WORDS


def bag_of_words(splits: "Splits", config: FineTuningConfig, run: Run) -> Baseline | None:
    """Fits TF-IDF of words and pairs of words with multinomial logistic regression.

    Texts in scripts without spaces between words (Chinese, Japanese, Thai, Khmer, ...) are counted
    by one to three characters instead of words: a word there would be a whole clause. For pairs the
    words of both texts are counted, marked as in `pair_documents`.

    Words found in a single text are left out (unless there are no others); counts are logarithmic
    and rows have unit length. The result is kept in `run.cache`, so that runs on the same splits,
    including resumed ones, fit it once.

    Words are identified by 31-bit hashes: a dictionary of all pairs would take 1 GB at a million
    headlines, and collisions are rare (some 3,000 among 3.4 million pairs). The solver is
    second-order (newton-cg): on 100,000 headlines L-BFGS was still 1 % above the minimum after ten
    times as long, and SAGA, twice as fast, leaves the intercepts for a few hundred texts near
    their start. 1.1 million headlines take two minutes on one core and 330 MB.

    With very many rows and classes (`CELLS`) there is none, which is reported: the solver's arrays
    of rows by classes would not fit in memory.

    Args:
        splits: fitted on `train`, without the labels of `validation` and `test`.
        config: its class weights and text preparation are used.
        run: its cache stores the result.
    """
    rows, classes = len(splits.train), len(splits.train.classes)
    if rows * classes > CELLS:
        tell(f"No {WORDS} beside the model: {rows:,} rows of {classes:,} classes are too many.")
        return None
    name = CHARACTERS if without_spaces(config.prepared(splits.train.examples).ravel()) else WORDS
    name += " of both texts" * (splits.train.examples.ndim == 2)
    path = run.cache / "baselines" / f"{_key(splits, config, name)}.npz"
    try:
        return _read(path, name, splits)
    except (ValueError, KeyError):
        baseline = _compute(splits, config, name)
        _write(path, baseline)
        return baseline


def _compute(splits: "Splits", config: FineTuningConfig, name: str) -> Baseline:
    with progress(f"Fitting a {name}"):
        begin = time.perf_counter()
        texts = _documents(splits.train, config, name)
        columns = _columns(texts, COEFFICIENTS // len(splits.train.classes), name)
        rows, weigh = _weighted(texts, columns, name)
        model = _fitted(rows, splits.train.labels, config)
        fitted = time.perf_counter()
        validation, test = (
            np.concatenate(
                [
                    np.zeros((0, len(splits.train.classes)), "float32"),
                    *(
                        model.predict_proba(weigh(_kept(chunk, columns)))
                        for chunk in _hashed(texts, name)
                    ),
                ]
            )
            for texts in (
                _documents(part, config, name) for part in (splits.validation, splits.test)
            )
        )
    return Baseline(
        validation,
        test,
        {
            "seconds": round(fitted - begin, 3),
            "predicting_seconds": round(time.perf_counter() - fitted, 3),
            "parameters": model.coef_.size + model.intercept_.size,
        },
        name,
    )


def _documents(part: "Labelled", config: FineTuningConfig, name: str) -> Sequence[str]:
    """The text to count for each example: the prepared text; the marked words of a pair."""
    prepared = config.prepared(part.examples)
    if prepared.ndim == 1:
        return prepared
    return pair_documents(prepared, name.startswith(CHARACTERS))


def _hashed(texts: Sequence[str], name: str) -> Iterator["csr_matrix"]:
    """Counts of a bag's terms, (chunk, 2**31 - 1) float32, some rows at a time."""
    from sklearn.feature_extraction.text import HashingVectorizer

    analyzer, lengths = TERMS[name]
    hashing = HashingVectorizer(
        analyzer=analyzer,
        ngram_range=lengths,
        n_features=2**31 - 1,
        alternate_sign=False,
        norm=None,
        dtype="float32",
    )
    for start in range(0, len(texts), CHUNK):
        yield hashing.transform(texts[start : start + CHUNK])


def _columns(texts: Sequence[str], most: int, name: str) -> np.ndarray:
    """The hashes to keep, ascending int32: those in two texts or more, the commonest `most`."""
    hashes = np.concatenate([chunk.indices for chunk in _hashed(texts, name)])
    found, texts_of = np.unique(hashes, return_counts=True)  # a row has each of its words once
    if texts_of.max(initial=0) >= 2:
        found, texts_of = found[texts_of >= 2], texts_of[texts_of >= 2]
    if not len(found):  # no text has a word: one empty column
        return np.zeros(1, "int32")
    return np.sort(found[np.argsort(-texts_of, kind="stable")[:most]])


def _kept(rows: "csr_matrix", columns: np.ndarray) -> "csr_matrix":
    """The given columns of hashed counts, (rows, columns) float32."""
    from scipy.sparse import csr_matrix

    place = np.minimum(np.searchsorted(columns, rows.indices), len(columns) - 1)
    there = columns[place] == rows.indices
    starts = np.concatenate([[0], np.cumsum(there)])[rows.indptr]
    return csr_matrix(
        (rows.data[there], place[there].astype("int32"), starts.astype("int32")),
        shape=(rows.shape[0], len(columns)),
    )


def _weighted(texts: Sequence[str], columns: np.ndarray, name: str):
    """TF-IDF of the texts, (n, columns) float32, and the function that weighs further counts."""
    from scipy.sparse import vstack
    from sklearn.feature_extraction.text import TfidfTransformer

    counts = vstack([_kept(chunk, columns) for chunk in _hashed(texts, name)], format="csr")
    weights = TfidfTransformer(sublinear_tf=True).fit(counts)
    return weights.transform(counts, copy=False), weights.transform


def _fitted(rows: "csr_matrix", labels: np.ndarray, config: FineTuningConfig):
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(
        C=STRENGTH,
        solver="newton-cg",
        class_weight="balanced" if config.class_weights == "balanced" else None,
    )
    with warnings.catch_warnings():
        # After 100 steps the remaining gain is far below the interval of the accuracy.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(rows, labels)


def _key(splits: "Splits", config: FineTuningConfig, name: str) -> str:
    """Names all that the result depends on."""
    parts = [splits.train, splits.validation, splits.test]
    settings = {
        "texts": [part.fingerprint for part in parts],
        "preparation": asdict(config.preparation),
        "class_weights": config.class_weights,
        "method": [name, *TERMS[name], STRENGTH, COEFFICIENTS],
        "scikit-learn": importlib.metadata.version("scikit-learn"),
    }
    return hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:32]


def _read(path: Path, name: str, splits: "Splits") -> Baseline:
    """Raises ValueError or KeyError if the file is absent, broken or foreign."""
    arrays = read_arrays(path)
    for part in ("validation", "test"):
        shape = len(getattr(splits, part)), len(splits.train.classes)
        if not is_finite_of(arrays[part], shape):
            raise ValueError(f"{part} holds no probabilities of {shape}")
    figures = {
        name.removeprefix("figure."): value.item()
        for name, value in arrays.items()
        if name.startswith("figure.")
    }
    check(figures, {"seconds": float, "predicting_seconds": float, "parameters": COUNT})
    return Baseline(arrays["validation"], arrays["test"], figures, name)


def _write(path: Path, baseline: Baseline) -> None:
    figures = {f"figure.{name}": value for name, value in baseline.figures.items()}
    with writing(path) as temporary:
        np.savez(temporary, validation=baseline.validation, test=baseline.test, **figures)
