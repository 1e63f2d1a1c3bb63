"""What a benchmark measures: the files of a run, single ones, bundles; and on which examples."""

import shlex
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kerastc.data.images import LabelledImages
from kerastc.data.texts import LabelledTexts
from kerastc.deploy import bundle
from kerastc.deploy.runtime import classifier_of
from kerastc.deploy.sample_images import images_of
from kerastc.deploy.sessions import FORMATS
from kerastc.deploy.signature import SUFFIX, Signature
from kerastc.errors import UserError
from kerastc.kinds import KINDS
from kerastc.outputs.classes.predictions import Predictions, read_predictions
from kerastc.own_rows import is_made_of
from kerastc.progress import tell
from kerastc.run import Run

if TYPE_CHECKING:
    from kerastc.text.unseen import Unseen

EXPORTS = "exports"

Labelled = LabelledTexts | LabelledImages
Data = Labelled | Callable[[Signature], Labelled]  # which a model may choose


@dataclass(frozen=True)
class Rows:
    """Examples with their classes, and what the Keras model says of them.

    Args:
        examples: texts (n,) of `str`, or images (n, height, width, channels) uint8.
        labels: (n,) int, indices into the classes of the signature.
        expected: (n,) int, the Keras model's choices; None where they are not known.
        learned: whether the run is made of these very examples.
    """

    examples: np.ndarray
    labels: np.ndarray
    expected: np.ndarray | None
    learned: bool = False

    def spread(self, most: int | None) -> "Rows":
        """At most so many rows, evenly spread; all where None."""
        if most is None or most >= len(self.examples):
            return self
        chosen = np.linspace(0, len(self.examples) - 1, most).astype(int)
        expected = None if self.expected is None else self.expected[chosen]
        return Rows(self.examples[chosen], self.labels[chosen], expected, self.learned)


@dataclass(frozen=True)
class Target:
    """A model to measure.

    Args:
        name: its path as a user knows it.
        signature: what it takes and gives.
        run: where it was exported; None elsewhere.
        rows: labelled examples.
        part: of its run, which the rows are; None where they are others.
    """

    name: str
    signature: Signature
    run: Run | None
    rows: Rows
    part: str | None = None

    @property
    def file(self) -> str:
        """As `benchmark.json` calls it: relative to its run."""
        if self.run is None:
            return self.name
        return self.signature.path.resolve().relative_to(self.run.folder.resolve()).as_posix()


def targets(path: Path, data: Data | None, stack: ExitStack) -> Iterator[Target]:
    """The models that a path names.

    Args:
        path: a run, an exported file or its signature, or a bundle.
        data: labelled examples, or what gives those that a signature is for; by default those of
            the run or the bundle.
        stack: keeps what a bundle unpacks.

    Raises:
        UserError: where there is nothing that could be measured, or on nothing.
    """
    if not path.exists():
        raise UserError(
            f"There is neither a run nor a file at {path}.", "Export one: kerastc export RUN"
        )
    if path.suffix == bundle.SUFFIX:
        content = stack.enter_context(bundle.unpacked(path))
        rows = _of_predictions(content.samples, content.images, content.signature, path)
        yield _target(str(path), content.signature, None, data, rows)
    elif path.is_dir():
        run = Run.open(path)
        for model in _exported(run):
            yield _target(str(model), Signature.read(model), run, data, None)
    else:
        signature = Signature.read(path)
        yield _target(str(signature.path), signature, run_of(signature), data, None)


def unseen_rows(found: Sequence[Target], most_rows: int | None) -> dict[str, "Unseen"]:
    """What each model of texts does not see of its examples, by its name; it is told, too."""
    unseen, told = {}, defaultdict(list)
    for target in found:
        if target.signature.kind == "text":
            classifier = classifier_of(target.signature)
            unseen[target.name] = classifier.unseen(target.rows.spread(most_rows).examples)
            for line in unseen[target.name].lines():
                told[line].append(target.name)
    for line, names in told.items():
        tell(line if len(names) == len(found) else f"{', '.join(names)}: {line}")
    return unseen


def _target(
    name: str, signature: Signature, run: Run | None, data: Data | None, rows: Rows | None
) -> Target:
    signature.verify()
    part = None
    if data is not None:
        given = data(signature) if callable(data) else data
        rows = replace(_of_data(given, signature, name), learned=is_made_of(run, given))
    elif rows is None:
        part = None if run is None else run.judged_on
        path = None if run is None else _of_keras(run, part)
        images = None
        if path is not None and path.is_file() and signature.kind == "image":
            images = images_of(run, part)
        if path is None or not path.is_file() or (signature.kind == "image" and images is None):
            raise UserError(
                f"There are no {KINDS.get(signature.kind, 'examples')} to measure {name} on.",
                "Give labelled ones: --data FILE. A finished run's files, and bundles, have some.",
            )
        rows = _of_predictions(read_predictions(path), images, signature, path)
    return Target(name, signature, run, rows, part)


def _of_data(data: Labelled, signature: Signature, name: str) -> Rows:
    kind = "image" if isinstance(data, LabelledImages) else "text"
    if kind != signature.kind:
        raise UserError(
            f"{name} classifies {KINDS.get(signature.kind, signature.kind)}; {data.source} holds "
            f"{KINDS[kind]}.",
            "Give a table of texts to a model of texts, and FILE.npz or a folder to one of images.",
        )
    matched = data.matching(signature.classes, name)
    examples = matched.examples
    return Rows(examples, matched.labels, None)


def _of_keras(run: Run, part: str) -> Path:
    """What the Keras model said of a part; PART.csv may be what its quantized file said."""
    own = run.path("predictions", f"keras_{part}.csv")
    return own if own.is_file() else run.path("predictions", f"{part}.csv")


def _of_predictions(
    predictions: Predictions, images: np.ndarray | None, signature: Signature, source: Path
) -> Rows:
    """The rows of predictions; those of images of which the pixels are there, the first ones."""
    if predictions.classes != signature.classes:
        raise UserError(
            f"{source} has the classes {', '.join(predictions.classes)}; {signature.path} has "
            f"{', '.join(signature.classes)}.",
            "They are not of one run. Export again: kerastc export RUN",
        )
    if images is None:
        return Rows(predictions.examples, predictions.labels, predictions.predicted)
    count = len(images)
    if count > len(predictions.labels):
        raise UserError(
            f"{source} has {len(predictions.labels):,} rows, but there are {count:,} images.",
            "They are not of one run. Give labelled images: --data FILE.npz",
        )
    return Rows(images, predictions.labels[:count], predictions.predicted[:count])


def _exported(run: Run) -> Sequence[Path]:
    """The models in a run's exports/ that can run here."""
    signatures = sorted(run.path(EXPORTS).glob(f"*{SUFFIX}"))
    found = [s for s in map(Signature.read, signatures) if s.format in FORMATS]
    if not found:
        raise UserError(
            f"{run.folder} has no exported model that could be measured.",
            f"Export one: kerastc export {shlex.quote(str(run.folder))} --format litert",
        )
    return [signature.path for signature in found]


def run_of(signature: Signature) -> Run | None:
    """The run in whose exports/ a file lies; None elsewhere."""
    folder = signature.folder.resolve().parent
    inside = signature.folder.resolve().name == EXPORTS
    return Run.open(folder) if inside and (folder / "config.json").is_file() else None
