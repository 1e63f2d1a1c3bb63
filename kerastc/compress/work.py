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
        subject: the data of the run, and what turns them into the model's inputs.
        model: what a step reads, and replaces where its shapes change.
        run: the folder of the present step: checkpoints and history of what it trains.
    """

    subject: Subject
    model: keras.Model
    run: Run

    def answers(self, part: str) -> Answers:
        """What the model says of a part of the data, in its order."""
        return self.subject.answers(self.model, part)
