"""A tag for each word, in training: targets of tokens, loss, judge, and the model.

The token that stands for a word (see `words`) has the number of its tag as target, all others
`NO_LABEL`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import keras
import numpy as np

from kerastc.outputs.judge import Judge
from kerastc.outputs.tags.judge import TagJudge
from kerastc.outputs.tags.losses import NO_LABEL, TeacherLoss, WordCrossEntropy
from kerastc.outputs.tags.scores import Tags
from kerastc.outputs.tags.words import Words
from kerastc.outputs.token_targets import no_labels as no_labels
from kerastc.outputs.token_targets import with_teacher as with_teacher
from kerastc.text.encoded import Encoded
from kerastc.text.ragged import Ragged

if TYPE_CHECKING:
    from kerastc.models import Encoder
    from kerastc.training.config import FineTuningConfig, TrainingConfig
    from kerastc.training.teacher import Teaching


def targets_of(labels: Sequence[np.ndarray], rows: Encoded) -> Ragged:
    """Tags of words to targets of tokens.

    Args:
        labels: of n sentences, (words,) int each; None of one that has none.
        rows: their tokens, with `words`; m >= n, as a long sentence has several.
    """
    words, lengths = Words.of(rows), rows.lengths
    targets = np.full(int(lengths.sum()), NO_LABEL, np.int32)
    positions = (np.cumsum(lengths) - lengths)[words.rows] + words.positions
    targets[positions] = words.labels(labels, NO_LABEL)
    return Ragged(targets, lengths)


def unlearned(labels: Sequence[np.ndarray], rows: Encoded) -> dict[str, int]:
    """How many words no row teaches, as a note on the data; arguments as in `targets_of`."""
    lost = sum(map(len, labels)) - len(Words.of(rows).texts)
    return {"words without a token, which are not learned": lost} if lost else {}


def class_weights(
    labels: Sequence[np.ndarray], classes: int, kind: str, rows: Encoded
) -> Ragged | None:
    """The loss's weight of each token, or None: words / (tags * words with its tag).

    Their mean over the words is one. Tags that no word has are not counted.

    Args:
        labels: of n sentences, (words,) int each.
        classes: how many tags there are.
        kind: "balanced", or "none".
        rows: the tokens of the sentences, as in `targets_of`.
    """
    if kind == "none":
        return None
    counts = np.bincount(np.concatenate(labels), minlength=classes)
    weights = counts.sum() / (np.count_nonzero(counts) * np.maximum(counts, 1))
    targets = targets_of(labels, rows)
    found = np.append(weights, 0.0)[np.where(targets.values < 0, classes, targets.values)]
    return Ragged(found.astype("float32"), targets.lengths)


def text_model(
    encoder: "Encoder", labels: Sequence[str], config: "FineTuningConfig"
) -> keras.Model:
    """An encoder with a layer behind it that gives logits of the tags of each token.

    Returns:
        the encoder's inputs, each (batch, length) int32, to (batch, length, tags) float32.
    """
    from kerastc.models.published_head import token_layer
    from kerastc.models.token_classifier import token_classifier

    settings = (config.trainable, config.dropout, config.seed)
    model = token_classifier(encoder, len(labels), *settings, ("text_tagger", "tagger"))
    if config.head == "backbone":
        model.get_layer("tagger").set_weights(token_layer(encoder, labels))
    return model


def loss(config: "TrainingConfig") -> keras.losses.Loss:
    """The loss of a training."""
    return WordCrossEntropy(config.label_smoothing)


def teacher_loss(teaching: "Teaching", config: "TrainingConfig") -> keras.losses.Loss:
    """The loss of a training with a teacher."""
    return TeacherLoss(teaching.temperature, teaching.soft, teaching.hard, config.label_smoothing)


def judge(output: Tags) -> Judge:
    """The judge of a training."""
    return TagJudge(output)
