"""The bag of words: against scikit-learn's own pipeline, its cache, texts that have no words."""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as matrices
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from kerastc.data import LabelledTexts, read_texts, split
from kerastc.npz_files import read_arrays
from kerastc.run import Run
from kerastc.training import TextClassifierConfig
from kerastc.training import baseline as module
from kerastc.training.baseline import CHARACTERS, WORDS, bag_of_words

HEADLINES = Path(__file__).parents[3] / "shared/data/headlines/irish_times_topics.csv.gz"


@pytest.fixture
def splits(subjects_csv):
    return split(read_texts(subjects_csv), 0)


def run(folder: Path) -> Run:
    return Run(folder, folder / "cache")


def pipeline(splits, **weights):
    """The same with a vocabulary, in float64, by another solver."""
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    model = LogisticRegression(C=4.0, solver="lbfgs", tol=1e-8, max_iter=10_000, **weights)
    model.fit(words.fit_transform(splits.train.examples), splits.train.labels)
    return [
        model.predict_proba(words.transform(part.examples))
        for part in (splits.validation, splits.test)
    ]


@pytest.mark.parametrize("kind", ["none", "balanced"])
def test_probabilities_are_those_of_scikit_learn_with_a_vocabulary(splits, tmp_path, kind):
    # Fewer rows of the last class, so that the weights have something to do.
    uneven = splits.train.take(np.flatnonzero((splits.train.labels < 2) | (splits.train_rows % 4)))
    splits = replace(splits, train=uneven)
    found = bag_of_words(splits, TextClassifierConfig(class_weights=kind), run(tmp_path))
    expected = pipeline(splits, class_weight="balanced" if kind == "balanced" else None)
    np.testing.assert_allclose(found.validation, expected[0], atol=2e-3)
    np.testing.assert_allclose(found.test, expected[1], atol=2e-3)


def test_it_has_a_coefficient_a_word_or_pair_of_two_texts_and_one_for_each_class(tmp_path):
    texts = ["red apple", "red apple pie", "blue sky", "blue sky above", "red sky", "blue pie"]
    rows = LabelledTexts.of(texts, list("aabbab"), "six")
    same = type("Parts", (), {"train": rows, "validation": rows, "test": rows})
    figures = bag_of_words(same, TextClassifierConfig(), run(tmp_path)).figures
    # red, apple, pie, blue, sky, "red apple", "blue sky"; two classes share one vector
    assert figures["parameters"] == 7 + 1


def test_it_reads_the_texts_as_they_are_prepared_for_the_model(splits, tmp_path):
    config = TextClassifierConfig(preparation={"stop_words": False, "lowercase": True})
    dirty, clean = (
        replace(
            splits,
            train=replace(splits.train, examples=change(splits.train.examples)),
            test=replace(splits.test, examples=change(splits.test.examples)),
        )
        for change in (in_sentences, lambda texts: config.preparation.apply(in_sentences(texts)))
    )
    found = bag_of_words(dirty, config, run(tmp_path))
    expected = bag_of_words(clean, TextClassifierConfig(), run(tmp_path))
    np.testing.assert_array_equal(found.test, expected.test)
    unprepared = bag_of_words(dirty, TextClassifierConfig(), run(tmp_path))
    assert abs(unprepared.test - expected.test).max() > 1e-3


def in_sentences(texts) -> np.ndarray:
    return np.array([f"It is the {text.upper()} of them" for text in texts], dtype=object)


def test_runs_on_the_same_splits_fit_it_once(splits, tmp_path, monkeypatch):
    first = bag_of_words(splits, TextClassifierConfig(), run(tmp_path))
    monkeypatch.setattr(module, "_compute", lambda *_: pytest.fail("computed again"))
    other = TextClassifierConfig(learning_rate=0.1, epochs=2)
    again = bag_of_words(splits, other, Run(tmp_path / "b", tmp_path / "cache"))
    np.testing.assert_array_equal(again.test, first.test)
    assert again.figures == first.figures
    assert {path.suffix for path in (tmp_path / "cache").rglob("*.*")} == {".npz"}


def test_other_texts_or_weights_share_nothing(splits, tmp_path):
    bag_of_words(splits, TextClassifierConfig(), run(tmp_path))
    bag_of_words(splits, TextClassifierConfig(class_weights="balanced"), run(tmp_path))
    bag_of_words(split(splits.data, 1), TextClassifierConfig(), run(tmp_path))
    assert len(list((tmp_path / "cache").rglob("*.npz"))) == 3


def test_a_broken_file_of_the_cache_is_computed_again_to_the_same_bits(splits, tmp_path):
    first = bag_of_words(splits, TextClassifierConfig(), run(tmp_path))
    (path,) = (tmp_path / "cache").rglob("*.npz")
    whole = read_arrays(path)
    for damaged in (
        None,
        {"test": whole["test"][:-1]},
        {"validation": whole["validation"] * np.nan},
        {"figure.seconds": np.array("x")},
    ):
        if damaged:
            np.savez(path, **whole | damaged)
        else:
            path.write_bytes(path.read_bytes()[:100])
        again = bag_of_words(splits, TextClassifierConfig(), run(tmp_path))
        np.testing.assert_array_equal(again.test, first.test)
        np.testing.assert_array_equal(again.validation, first.validation)


@pytest.mark.parametrize(
    "texts", [["one", "two", "three", "four"], ["?", "!", "a", "-"]], ids=["each once", "no word"]
)
def test_texts_without_a_common_word_still_have_probabilities(texts, tmp_path):
    rows = LabelledTexts.of(texts, ["x", "x", "x", "y"], "four")
    same = type("Parts", (), {"train": rows, "validation": rows, "test": rows})
    found = bag_of_words(same, TextClassifierConfig(), run(tmp_path))
    assert found.test.shape == (4, 2)
    np.testing.assert_allclose(found.test.sum(axis=1), 1, atol=1e-6)
    assert found.test[:, 0].mean() == pytest.approx(0.75, abs=0.01)  # three of four are x


def test_the_end_of_the_passes_is_no_warning(splits, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "STRENGTH", 1e9)  # too weak a penalty to come to an end
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bag_of_words(splits, TextClassifierConfig(), run(tmp_path))


def test_of_too_many_words_the_commonest_stay(tmp_path):
    texts = np.array(["red apple", "red apple", "red pie"], dtype=object)
    (red,) = module._columns(texts, 1, WORDS)
    (alone,) = module._columns(np.array(["red"], dtype=object), 1, WORDS)
    assert red == alone
    assert len(module._columns(texts, 10, WORDS)) == 3


@settings(max_examples=60)
@given(
    matrices(np.int8, st.tuples(st.integers(1, 6), st.integers(1, 8)), elements=st.integers(0, 2)),
    st.sets(st.integers(0, 7), min_size=1),
)
def test_kept_columns_are_those_of_the_matrix(counts, columns):
    columns = np.array(sorted(c for c in columns if c < counts.shape[1]) or [0], "int32")
    kept = module._kept(csr_matrix(counts.astype("float32")), columns)
    np.testing.assert_array_equal(kept.toarray(), counts[:, columns])


@pytest.mark.slow
@pytest.mark.skipif(not HEADLINES.is_file(), reason=f"{HEADLINES} is absent")
def test_real_headlines_are_sorted_as_published(tmp_path):
    """0.726 was published for TF-IDF with some 129,000 rows for training."""
    data = read_texts(HEADLINES)
    order = np.random.default_rng(0).permutation(len(data))
    parts = [data.take(np.sort(rows)) for rows in np.split(order, [129_000, 137_000])]
    splits = type("Parts", (), dict(zip(("train", "validation", "test"), parts, strict=True)))
    found = bag_of_words(splits, TextClassifierConfig(), run(tmp_path))
    right = found.test.argmax(axis=1) == splits.test.labels
    assert right.mean() == pytest.approx(0.726, abs=0.012)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ({"茶": "煎茶緑茶", "魚": "鮭鯖鮪鰯"}, CHARACTERS),
        ({"rain": "ฝนตกหนัก", "sun": "แดดออกจ้า"}, CHARACTERS),
        ({"tea": "green black leaf cup", "fish": "tuna cod eel net"}, WORDS),
        ({"tea": "עלה כוס סוכר דבש", "fish": "רשת נהר סירה מרק"}, WORDS),
    ],
)
def test_scripts_without_spaces_are_counted_by_characters(tmp_path, words, name):
    random = np.random.default_rng(0)
    joined = "" if name == CHARACTERS else " "
    terms = {k: list(v) if name == CHARACTERS else v.split() for k, v in words.items()}
    rows = [
        (joined.join(random.permutation(terms[label] * 2)), label)
        for label in words
        for _ in range(12)
    ]
    texts, labels = zip(*rows, strict=True)
    data = LabelledTexts.of(list(texts), list(labels), "made")
    parts = type("Parts", (), {"train": data, "validation": data, "test": data})
    found = bag_of_words(parts, TextClassifierConfig(), run(tmp_path))
    assert found.name == name
    assert (found.test.argmax(axis=1) == data.labels).all()
    assert bag_of_words(parts, TextClassifierConfig(), run(tmp_path)).name == name  # cached


def test_of_too_many_rows_and_classes_there_is_none_and_that_is_told(
    splits, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(module, "CELLS", len(splits.train) * 3)
    assert bag_of_words(splits, TextClassifierConfig(), run(tmp_path))
    monkeypatch.setattr(module, "CELLS", len(splits.train) * 3 - 1)
    assert bag_of_words(splits, TextClassifierConfig(), run(tmp_path)) is None
    assert "No bag of words beside the model: 84 rows of 3 classes" in capsys.readouterr().err
