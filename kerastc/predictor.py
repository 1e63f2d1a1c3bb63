"""Uses a finished run, or a file exported from one, on a user's examples.

Also used on devices: Keras is loaded only for a run.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from kerastc.errors import UserError
from kerastc.inputs.input import Input, Rows
from kerastc.outputs.output import Answers, Output, Outputs
from kerastc.tasks import Task, task_of

if TYPE_CHECKING:
    from kerastc.data.labelled import Labelled
    from kerastc.run import Run
    from kerastc.text.unseen import Unseen


class Session(Protocol):
    """A model in memory, in any runtime.

    Attributes:
        length: the most tokens per row that it takes; None for any, or if rows have none.
    """

    length: int | None

    def outputs(self, rows: Rows) -> Outputs:
        """The model's output for each of the rows, in their order."""


class Predictor:
    """A model with everything that turns examples into its inputs, and its outputs into answers.

    Args:
        task: of the model.
        input, output: of the task, as this model has them.
        session: runs it.
        name: the model, in words.
        parameters: of the model.
    """

    def __init__(
        self,
        task: Task,
        input: Input,
        output: Output,
        session: Session,
        name: str,
        parameters: int,
    ):
        self.task = task
        self.input = input
        self.output = output
        self.session = session
        self.name = name
        self.parameters = parameters

    @property
    def classes(self) -> tuple[str, ...]:
        """The names in labels.txt."""
        return self.output.labels

    def rows(self, examples: Sequence[Any], length: int | None = None) -> Rows:
        """The model's input for each example, prepared as in training; see `Input.rows`.

        Args:
            examples: texts; or images, as arrays or files.
            length: the most tokens of a row; by default as many as the model takes.
        """
        return self.input.rows(examples, length or self.session.length)

    def outputs(self, rows: Rows) -> Outputs:
        """The model's outputs for `rows`: for classes {"logits": (n, classes) float32}."""
        return self.session.outputs(rows)

    def answers(self, examples: Sequence[Any]) -> Answers:
        """The model's answer to each example; examples as in `rows`.

        For classes these are the probabilities, (examples, classes) float64.

        Raises:
            UserError: naming an example that no model can take.
        """
        rows = self.rows(examples)
        return self.output.answers(self.outputs(rows), rows)

    def unseen(self, examples: Sequence[Any]) -> "Unseen | None":
        """The parts of the examples that the model cannot see; errors as in `answers`."""
        return self.input.unseen(examples, self.session.length)

    def matching(self, data: "Labelled") -> "Labelled":
        """Labelled examples with their labels renumbered to this model's classes.

        Raises:
            UserError: naming the classes that the model does not have.
        """
        return data.matching(self.classes, self.name)


def predictor_of(run: "Run") -> Predictor:
    """A predictor with a finished run's Keras model.

    Raises:
        UserError: if the run lacks a part, or a part is broken.
    """
    from kerastc.models.loading import load_model
    from kerastc.training.keras_session import KerasSession, shapes

    task = task_of(run)
    settings = run.read_json("preprocessing.json")
    output = task.output(run.classes, settings.get("decoding"))
    model = load_model(run.required("model.keras"))
    if not output.fit(shapes(model, output)):
        raise UserError(
            f"{run.path('model.keras')} gives {model.output_shape}, which does not fit the "
            f"{len(output.labels)} {output.kinds} of {run.path('labels.txt')}.",
            "One of the two is of another run.",
        )
    folder = run.required(task.input.folder) if task.input.folder else None
    input = task.input.read(settings, folder)
    session = KerasSession(model, task, input, output)
    return Predictor(task, input, output, session, str(run.folder), model.count_params())
