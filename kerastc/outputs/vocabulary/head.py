"""Words at some places, in training: loss and judge."""

from typing import TYPE_CHECKING

import keras

from kerastc.outputs.judge import Judge
from kerastc.outputs.vocabulary.judge import WordJudge
from kerastc.outputs.vocabulary.losses import PlaceCrossEntropy
from kerastc.outputs.vocabulary.scores import Vocabulary

if TYPE_CHECKING:
    from kerastc.training.config import TrainingConfig


def loss(config: "TrainingConfig") -> keras.losses.Loss:
    """The loss of a training."""
    return PlaceCrossEntropy(config.label_smoothing)


def judge(output: Vocabulary) -> Judge:
    """The judge of a training."""
    return WordJudge(output)
