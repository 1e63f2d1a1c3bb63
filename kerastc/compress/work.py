"""What a compression step works on."""

from dataclasses import dataclass

import keras

from kerastc.compress.subject import Subject
from kerastc.outputs.output import Answers
from kerastc.run import Run


@dataclass
class Work:
    """A model on its way through the steps.

    Args:
        subject: the run's data, and how they become the model's inputs.
        model: a step reads it, and replaces it if its shapes change.
        run: the folder of the present step, for checkpoints and history of its training.
    """

    subject: Subject
    model: keras.Model
    run: Run

    def answers(self, part: str) -> Answers:
        """The model's answers for a part of the data, in its order."""
        return self.subject.answers(self.model, part)
