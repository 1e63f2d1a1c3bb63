"""Uses a finished run, or a file that was exported from one, on a user's examples.

Devices use it, too: Keras loads with a run alone.
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
    """A model in memory, by whichever program.

    Attributes:
        length: the most tokens of a row that it takes; None where that is any, or rows have none.
    """

    length: int | None

    def outputs(self, rows: Rows) -> Outputs:
        """What the model gives for each of the rows, in their order."""


class Predictor:
    """A model with all that turns examples into its inputs, and its outputs into answers.

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
        """What the model takes of each example, treated as in training; see `Input.rows`.

        Args:
            examples: texts; or images, as arrays or files.
            length: the most tokens of a row; by default as many as the model takes.
        """
        return self.input.rows(examples, length or self.session.length)

    def outputs(self, rows: Rows) -> Outputs:
        """What the model gives for `rows`: of classes {"logits": (n, classes) float32}."""
        return self.session.outputs(rows)

    def answers(self, examples: Sequence[Any]) -> Answers:
        """What the model says of each example; examples as in `rows`.

        Of classes these are the probabilities, (examples, classes) float64.

        Raises:
            UserError: naming an example that no model can take.
        """
        rows = self.rows(examples)
        return self.output.answers(self.outputs(rows), rows)

    def unseen(self, examples: Sequence[Any]) -> "Unseen | None":
        """What the model does not see of the examples; errors as in `answers`."""
        return self.input.unseen(examples, self.session.length)

    def matching(self, data: "Labelled") -> "Labelled":
        """Labelled examples with their labels renumbered to this model's classes.

        Raises:
            UserError: naming the classes that the model does not know.
        """
        return data.matching(self.classes, self.name)


def predictor_of(run: "Run") -> Predictor:
    """What a finished run's Keras model says.

    Raises:
        UserError: where the run lacks a part, or a part is broken.
    """
    from kerastc.models.loading import load_model
    from kerastc.training.keras_session import KerasSession, shapes

    task = task_of(run)
    output = task.output(run.classes)
    model = load_model(run.required("model.keras"))
    if not output.fit(shapes(model, output)):
        raise UserError(
            f"{run.path('model.keras')} gives {model.output_shape}, which does not fit the "
            f"{len(output.labels)} classes of {run.path('labels.txt')}.",
            "One of the two is of another run.",
        )
    folder = run.required(task.input.folder) if task.input.folder else None
    input = task.input.read(run.read_json("preprocessing.json"), folder)
    session = KerasSession(model, task, input, output)
    return Predictor(task, input, output, session, str(run.folder), model.count_params())
