"""A tag for each word, in training: targets of tokens, loss, judge, and the model.

The first token of a word has the number of its tag as target, all others `NO_LABEL`: Devlin et al.
2018, BERT, section 5.3.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import keras
import numpy as np
from keras import ops

from kerastc.errors import UserError
from kerastc.outputs.judge import Judge
from kerastc.outputs.output import Figure
from kerastc.outputs.tags.entities import OUTSIDE, is_scheme
from kerastc.outputs.tags.predictions import Tagged, TagPredictions
from kerastc.outputs.tags.scores import Tags, first_tokens
from kerastc.scores.softmax import softmax
from kerastc.text.encoded import Encoded
from kerastc.text.ragged import Ragged

if TYPE_CHECKING:
    from kerastc.models import Encoder
    from kerastc.training.config import TextClassifierConfig, TrainingConfig
    from kerastc.training.teacher import Teaching

NO_LABEL = -100


def targets_of(labels: Sequence[np.ndarray], rows: Encoded) -> Ragged:
    """Tags of words to targets of tokens.

    Args:
        labels: of n sentences, (words,) int each; None of one that has none.
        rows: their tokens, with `words`.
    """
    found = []
    for tags, words in zip(labels, rows.words, strict=True):
        target = np.full(len(words), NO_LABEL, np.int32)
        if tags is not None:
            there, first, _ = first_tokens(words)
            target[first] = tags[there]
        found.append(target)
    return Ragged.of(found)


def no_labels(count: int) -> np.ndarray:
    """The labels of so many sentences that have none, (count,) object."""
    return np.full(count, None, dtype=object)


def with_teacher(targets: np.ndarray, outputs: object) -> np.ndarray:
    """The targets alone: no step has a teacher of tags, see `CAPABILITIES`."""
    return targets


def class_weights(labels: Sequence[np.ndarray], classes: int, kind: str) -> None:
    """There are none: a row is not of one class.

    Raises:
        UserError: where they are asked for.
    """
    if kind != "none":
        raise UserError(f"class_weights={kind} is for classes of whole texts, not for tags.")


class WordCrossEntropy(keras.losses.Loss):
    """The mean cross-entropy over the words of a batch.

    Args:
        label_smoothing: share of a label spread over all tags.

    Call:
        y_true: (batch, length) int targets.
        y_pred: (batch, length, tags) logits.
        returns: (batch, length), of which the mean over all places is the one over the words.
    """

    def __init__(self, label_smoothing: float = 0.0, **kwargs):
        super().__init__(name="word_cross_entropy", **kwargs)
        self.label_smoothing = label_smoothing

    def call(self, y_true, y_pred):
        tags = ops.cast(y_true, "int32")
        there = ops.cast(tags >= 0, "float32")
        logs = ops.log_softmax(ops.cast(y_pred, "float32"))
        wanted = ops.one_hot(ops.maximum(tags, 0), y_pred.shape[-1], dtype="float32")
        wanted = wanted * (1 - self.label_smoothing) + self.label_smoothing / y_pred.shape[-1]
        losses = -ops.sum(wanted * logs, axis=-1) * there
        return losses * ops.sum(ops.ones_like(there)) / ops.maximum(ops.sum(there), 1.0)


@keras.saving.register_keras_serializable("kerastc")
class CountedEntities(keras.metrics.Metric):
    """The share of words with the right tag, with the counts of entities behind it.

    The tags are the most probable ones of each word, also where their sequence is not legal: such
    entities do not count. Labels that are not those of IOB2 are each an entity of one word.

    Args:
        labels: the names of the tags.
    """

    def __init__(self, labels, name="accuracy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.labels = list(labels)
        scheme = is_scheme(self.labels)
        kinds = [label[2:] if scheme else label for label in self.labels]
        number = {kind: place for place, kind in enumerate(dict.fromkeys(kinds))}
        outside = [scheme and label == OUTSIDE for label in self.labels]
        # By tag, and at the end of a sentence: its type, -1 outside of any; whether it begins one.
        self.kinds = [-1 if out else number[kind] for kind, out in zip(kinds, outside, strict=True)]
        self.begins = [not scheme or label.startswith("B-") for label in self.labels]
        self.counts = self.add_variable((5,), "zeros", dtype="int32", name="counts")

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Counts (batch, length) targets against (batch, length, tags) logits."""
        truth = ops.cast(y_true, "int32")
        guess = ops.cast(ops.argmax(y_pred, axis=-1), "int32")
        there = truth >= 0
        # Words side by side, those places that are none behind them.
        place = ops.broadcast_to(ops.arange(ops.shape(truth)[1]), ops.shape(truth))
        order = ops.argsort(ops.where(there, place, place + ops.shape(truth)[1]), axis=1)
        truth, guess = (ops.take_along_axis(tags, order, axis=1) for tags in (truth, guess))
        there = truth >= 0
        guess = ops.where(there, guess, -1)
        true_kinds, true_begins, true_runs = self._entities(truth)
        kinds, begins, runs = self._entities(guess)
        same = self._reach(true_runs) == self._reach(runs)
        right = begins & true_begins & (kinds == true_kinds) & ops.all(same, axis=-1)
        counted = (right, begins, true_begins, there & (truth == guess), there)
        sums = [ops.sum(ops.cast(part, "int32")) for part in counted]
        self.counts.assign_add(ops.cast(ops.stack(sums), "int32"))

    def _entities(self, tags):
        """Of tags (batch, length), -1 behind the end: types, beginnings, numbers of stretches.

        A stretch is an entity and all that goes on with it, or a single place; (batch, length).
        """
        there = tags >= 0
        known = ops.maximum(tags, 0)
        kinds = ops.where(there, ops.take(ops.array(self.kinds, "int32"), known), -1)
        begins = there & ops.take(ops.array(self.begins, "bool"), known)
        before = ops.concatenate([ops.full_like(kinds[:, :1], -1), kinds[:, :-1]], axis=1)
        goes_on = ~begins & (kinds >= 0) & (kinds == before)
        return kinds, begins, ops.cumsum(ops.cast(~goes_on, "int32"), axis=1)

    @staticmethod
    def _reach(runs):
        """Whether two places are in one stretch, (batch, length, length)."""
        return runs[:, :, None] == runs[:, None, :]

    def result(self):
        counts = ops.cast(ops.convert_to_tensor(self.counts), "float32")
        return counts[3] / ops.maximum(counts[4], 1.0)

    def counted(self) -> np.ndarray:
        """Entities that are right, predicted and true, (3,) int64."""
        return ops.convert_to_numpy(self.counts)[:3].astype("int64")

    def get_config(self):
        return {**super().get_config(), "labels": self.labels}


class TagJudge(Judge):
    """Judges by F1; while a training runs, that of each word's most probable tag.

    Args:
        labels: the names of the tags.
    """

    main = Figure("f1")
    figures = (Figure("loss", higher=False), Figure("accuracy"), main)

    def __init__(self, labels: Sequence[str]):
        self.output = Tags(labels)
        self.entities = CountedEntities(labels)
        self.metrics = (self.entities,)

    def counted(self) -> dict[str, float]:
        return {"f1": float(self.output.of_counts("f1", self.entities.counted()))}

    def final(self, outputs: Sequence[np.ndarray], targets: Ragged) -> dict[str, float]:
        """As in `Judge`; outputs are n arrays (length, tags) of logits, with or without padding."""
        truth, answers = [], []
        for logits, target in zip(outputs, targets, strict=True):
            first = np.flatnonzero(target >= 0)
            probabilities = softmax(logits[first])
            tags = self.output.decoded(probabilities)
            truth.append(target[first])
            answers.append(Tagged(tags, probabilities[np.arange(len(tags)), tags], probabilities))
        said = TagPredictions.of(truth, answers, self.output.labels)
        return {
            figure.name: float(
                self.output.of_counts(
                    figure.name, self.output.counts(figure.name, said).sum(axis=0)
                )
            )
            for figure in self.figures
        }


def text_model(
    encoder: "Encoder", labels: Sequence[str], config: "TextClassifierConfig"
) -> keras.Model:
    """An encoder with a layer behind it that gives logits of the tags of each token.

    Returns:
        the encoder's inputs, each (batch, length) int32, to (batch, length, tags) float32.
    """
    from kerastc.models.sequence_encoder import token_inputs
    from kerastc.models.text_classifier import seed_dropout

    encoder.layer.tune(config.trainable)
    inputs = token_inputs(encoder.segments)
    initializer = keras.initializers.TruncatedNormal(stddev=0.02, seed=config.seed)
    dropout = keras.layers.Dropout(
        config.dropout, seed=config.seed, dtype="float32", name="head_dropout"
    )
    tagger = keras.layers.Dense(
        len(labels), kernel_initializer=initializer, dtype="float32", name="tagger"
    )
    model = keras.Model(inputs, tagger(dropout(encoder.layer(inputs))), name="text_tagger")
    seed_dropout(model, config.seed)
    return model


def loss(config: "TrainingConfig") -> keras.losses.Loss:
    """The loss of a training."""
    return WordCrossEntropy(config.label_smoothing)


def teacher_loss(teaching: "Teaching", config: "TrainingConfig") -> keras.losses.Loss:
    """The loss of a step of compression, of the labels alone."""
    return loss(config)


def judge(labels: Sequence[str]) -> Judge:
    """What judges a training; `labels` are the names of the tags."""
    return TagJudge(labels)
