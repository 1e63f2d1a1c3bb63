"""What a benchmark measures: a run's files, single files or bundles; and on which examples."""

import shlex
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastc.data.labelled import Labelled
from kerastc.deploy import bundle
from kerastc.deploy.kept_examples import examples_of
from kerastc.deploy.measure.keras_model import signature_of
from kerastc.deploy.run.runtime import predictor_for
from kerastc.deploy.run.sessions import FORMATS, require_format
from kerastc.deploy.signature import SUFFIX, Signature
from kerastc.errors import UserError
from kerastc.own_rows import is_made_of
from kerastc.progress import tell
from kerastc.run import Run
from kerastc.tasks import task_named

if TYPE_CHECKING:
    from kerastc.text.unseen import Unseen

EXPORTS = "exports"

Data = Labelled | Callable[[Signature], Labelled]  # which a model may choose


@dataclass(frozen=True)
class Rows:
    """Examples with their true answers, and the Keras model's.

    Args:
        examples: n, as the input takes them: texts (n,) of `str`, or images (n, height, width,
            channels) uint8.
        truth: for each, in the output's form: for classes (n,) int, indices.
        expected: the Keras model's answers; None if unknown.
        learned: whether the run learned from these very examples.
    """

    examples: np.ndarray
    truth: Any
    expected: Any = None
    learned: bool = False

    def take(self, rows: np.ndarray) -> "Rows":
        """Those rows, (m,) int."""
        expected = None if self.expected is None else _taken(self.expected, rows)
        return Rows(_taken(self.examples, rows), _taken(self.truth, rows), expected, self.learned)

    def spread(self, most: int | None) -> "Rows":
        """At most so many rows, evenly spread; all if None."""
        if most is None or most >= len(self.examples):
            return self
        return self.take(np.linspace(0, len(self.examples) - 1, most).astype(int))


def _taken(values: Any, rows: np.ndarray) -> Any:
    return values[rows] if isinstance(values, np.ndarray) else [values[row] for row in rows]


@dataclass(frozen=True)
class Target:
    """A model to measure.

    Args:
        name: its path as the user gave it.
        signature: its inputs and outputs.
        run: from which it was exported, or None.
        rows: labelled examples.
        part: the part of its run that the rows are; None for other rows.
    """

    name: str
    signature: Signature
    run: Run | None
    rows: Rows
    part: str | None = None

    @property
    def file(self) -> str:
        """Its name in `benchmark.json`: relative to its run."""
        if self.run is None:
            return self.name
        return self.signature.path.resolve().relative_to(self.run.folder.resolve()).as_posix()


def targets(
    path: Path, data: Data | None, stack: ExitStack, keras: bool = False
) -> Iterator[Target]:
    """The models that a path names.

    Args:
        path: a run, an exported file or its signature, or a bundle.
        data: labelled examples, or a function from a signature to them; by default those of the run
            or the bundle.
        stack: keeps unpacked bundles.
        keras: whether a run's Keras model is measured, too.

    Raises:
        UserError: there is nothing to measure, or nothing to measure it on.
    """
    if not path.exists():
        raise UserError(
            f"There is neither a run nor a file at {path}.", "Export one: kerastc export RUN"
        )
    if path.suffix == bundle.SUFFIX:
        content = stack.enter_context(bundle.unpacked(path))
        rows = Rows(content.examples, content.samples.truth, content.samples.answers)
        yield _target(str(path), content.signature, None, data, rows)
    elif path.is_dir():
        run = Run.open(path)
        if keras:
            yield _target(str(run.path("model.keras")), signature_of(run), run, data, None)
        for model in _exported(run, needed=not keras):
            yield _target(str(model), Signature.read(model), run, data, None)
    else:
        signature = Signature.read(path)
        require_format(signature)
        yield _target(str(signature.path), signature, run_of(signature), data, None)


def unseen_rows(found: Sequence[Target], most_rows: int | None) -> dict[str, "Unseen"]:
    """What each model misses of its examples, by its name; the user is told, too."""
    unseen, told = {}, defaultdict(list)
    for target in found:
        examples = target.rows.spread(most_rows).examples
        missed = predictor_for(target.signature).unseen(examples)
        if missed is not None:
            unseen[target.name] = missed
            for line in missed.lines():
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
        task = task_named(signature.task, signature.path)
        part = None if run is None else run.judged_on
        path = None if run is None else _of_keras(run, part)
        examples = None
        if path is not None and path.is_file():
            examples = examples_of(run, part, task, task.output(signature.classes))
        if examples is None:
            raise UserError(
                f"There are no {task.units} to measure {name} on.",
                "Give labelled ones: --data FILE. A finished run's files, and bundles, have some.",
            )
        rows = of_predictions(path, examples, signature)
    return Target(name, signature, run, rows, part)


def _of_data(data: Labelled, signature: Signature, name: str) -> Rows:
    task = task_named(signature.task, signature.path)
    if data.unit != task.unit:
        raise UserError(
            f"{name} is for {task.units}; {data.source} holds {data.unit}s.",
            "Give a table of texts to a model of texts, and FILE.npz or a folder to one of images.",
        )
    matched = data.matching(signature.classes, name)
    return Rows(matched.examples, matched.labels)


def _of_keras(run: Run, part: str) -> Path:
    """The Keras model's answers for a part; PART.csv may have those of its quantized file."""
    own = run.path("predictions", f"keras_{part}.csv")
    return own if own.is_file() else run.path("predictions", f"{part}.csv")


def of_predictions(path: Path, examples: Sequence[Any], signature: Signature) -> Rows:
    """The rows of predictions; if examples were kept separately, the first ones.

    Args:
        path: of the predictions.
        examples: the first of them, or all.
        signature: of the model to measure.

    Raises:
        UserError: they are not from one run.
    """
    task = task_named(signature.task, signature.path)
    predictions = task.output(signature.classes).read_predictions(path)
    count, known = len(examples), len(predictions.examples)
    if count > known:
        raise UserError(
            f"{path} has {known:,} rows, but there are {count:,} {task.units}.",
            "They are not from one run. Give labelled ones: --data FILE",
        )
    rows = Rows(predictions.examples, predictions.truth, predictions.answers)
    return replace(rows.take(np.arange(count)), examples=examples)


def _exported(run: Run, needed: bool) -> Sequence[Path]:
    """The models in a run's exports/ that can run here."""
    signatures = sorted(run.path(EXPORTS).glob(f"*{SUFFIX}"))
    found = [s for s in map(Signature.read, signatures) if s.format in FORMATS]
    if needed and not found:
        raise UserError(
            f"{run.folder} has no exported model that could be measured.",
            f"Export one: kerastc export {shlex.quote(str(run.folder))} --format litert",
        )
    return [signature.path for signature in found]


def run_of(signature: Signature) -> Run | None:
    """The run in whose exports/ a file is, or None."""
    folder = signature.folder.resolve().parent
    inside = signature.folder.resolve().name == EXPORTS
    return Run.open(folder) if inside and (folder / "config.json").is_file() else None
