"""Tasks: an input paired with an output. A new task is one line here.

A task is identified by its name, stored in preprocessing.json and the signatures of exports. Its
parts are packages, `kerastc.inputs.NAME` and `kerastc.outputs.NAME`, whose modules load on first
use: a device lacks the libraries for most of them.
"""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

from kerastc.errors import UserError, nearest

if TYPE_CHECKING:
    from kerastc.capabilities import Capability
    from kerastc.inputs.input import Input
    from kerastc.outputs.output import Output
    from kerastc.run import Run
    from kerastc.scores.figures import Figure


@dataclass(frozen=True)
class Task:
    """An input paired with an output.

    Args:
        name: as stored in files.
        shown: the package in `kerastc.inputs` for the model's input.
        answered: the package in `kerastc.outputs` for its answers.
    """

    name: str
    shown: str
    answered: str

    @property
    def unit(self) -> str:
        """The word for one example: "text"."""
        return self._room("inputs", self.shown).UNIT

    @property
    def units(self) -> str:
        """The word for several: "texts"."""
        return self._room("inputs", self.shown).UNITS

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the parts of an example in predictions: ("text",)."""
        return self._room("inputs", self.shown).COLUMNS

    @property
    def files(self) -> tuple[str, ...]:
        """Those of `columns` that a command line gives as the names of files."""
        return getattr(self._room("inputs", self.shown), "FILES", ())

    @property
    def capabilities(self) -> frozenset["Capability"]:
        """The capabilities of its models, data and answers, for steps of compression."""
        shown = self._room("inputs", self.shown).CAPABILITIES
        return shown | self._room("outputs", self.answered).CAPABILITIES

    @property
    def input(self) -> type["Input"]:
        """The model's input, on any machine: `INPUT` in the package's `encode`."""
        return self.input_part("encode").INPUT

    @property
    def output(self) -> type["Output"]:
        """The model's output, on any machine: `OUTPUT` in the package's `scores`."""
        return self.output_part("scores").OUTPUT

    def input_part(self, name: str) -> ModuleType:
        """A module of the input's package: "encode", "read", "batches", "export"."""
        return self._room("inputs", self.shown, name)

    def output_part(self, name: str) -> ModuleType:
        """A module of the output's package: "scores", "head", "page"."""
        return self._room("outputs", self.answered, name)

    def optional_output_part(self, name: str) -> ModuleType | None:
        """Such a module, where the output has it; else None."""
        try:
            return self.output_part(name)
        except ModuleNotFoundError as error:
            if error.name != f"kerastc.outputs.{self.answered}.{name}":
                raise
            return None

    @property
    def only(self) -> str:
        """What its runs are if the task is only a way to train, "a language model"; else empty."""
        return getattr(self._room("inputs", self.shown), "ONLY", "")

    @property
    def backbone(self) -> bool:
        """Whether runs that are `only` a way to train are encoders for others."""
        return getattr(self._room("inputs", self.shown), "BACKBONE", True)

    def refuse(self, run: "Run", done: str, instead: str = "") -> None:
        """Refuses to make another model of a run's, where the task is only a way to train.

        Args:
            run: of the task.
            done: what would be done to it: "compressed".
            instead: a sentence: what can be done to it.

        Raises:
            UserError: with what to do instead.
        """
        if self.only:
            use = f"It is an encoder: train a task with backbone={run.folder}, and give that run. "
            raise UserError(
                f"{run.folder} is {self.only}, which is not {done}.",
                f"{use * self.backbone}{instead}".rstrip(),
            )

    @staticmethod
    def _room(*names: str) -> ModuleType:
        return importlib.import_module(".".join(("kerastc", *names)))


TASKS = {
    task.name: task
    for task in (
        Task("text-classification", "text", "classes"),
        Task("image-classification", "image", "classes"),
        Task("pair-classification", "pair", "classes"),
        Task("document-classification", "document", "classes"),
        Task("token-classification", "text", "tags"),
        Task("question-answering", "question", "spans"),
        Task("masked-language-model", "stream", "vocabulary"),
        Task("causal-language-model", "causal", "vocabulary"),
    )
}


def task_named(name: object, where: object) -> Task:
    """The task of that name.

    Args:
        name: as read from a file.
        where: the file, for the error.

    Raises:
        UserError: if it is none of `TASKS`.
    """
    if not isinstance(name, str) or name not in TASKS:
        raise UserError(
            f"{where} has task={name!r}; known are {', '.join(TASKS)}.",
            "If a newer kerastc wrote it: pip install --upgrade kerastc",
        )
    return TASKS[name]


def task_of(run: "Run") -> Task:
    """The task of a run, from its preprocessing.json.

    Raises:
        UserError: if it is absent there, or none of `TASKS`.
    """
    return task_named(
        run.read_json("preprocessing.json").get("task"), run.path("preprocessing.json")
    )


def output_of(run: "Run") -> "Output":
    """The output of a run's model, with the names in its labels.txt and its decoding.

    Raises:
        UserError: as `task_of`, and if labels.txt is missing or broken.
    """
    decoding = run.read_json("preprocessing.json").get("decoding")
    return task_of(run).output(run.classes, decoding)


def deciding_figure(names: Sequence[str], asked: str | None) -> "Figure":
    """The figure by which models of some tasks are chosen.

    Args:
        names: of the tasks; none if a recipe does not name its own.
        asked: the figure's name; None takes the main one.

    Raises:
        UserError: if no task has it, or their main figures differ.
    """
    outputs = [TASKS[name].output for name in dict.fromkeys(names or TASKS)]
    if asked is None:
        mains = dict.fromkeys(output.main for output in outputs)
        if len(mains) > 1 and names:
            raise UserError(
                f"The main figures are {', '.join(main.name for main in mains)}.",
                "Choose the one that decides: --objective NAME",
            )
        return next(iter(mains))
    known = {figure.name: figure for output in outputs for figure in output.figures}
    if asked not in known:
        raise UserError(
            f"--objective {asked}: there are {', '.join(known)}.", nearest(asked, known)
        )
    return known[asked]
