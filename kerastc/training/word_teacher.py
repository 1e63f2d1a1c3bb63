"""A language model that learns from another: what the teacher says comes with each batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from kerastc.inputs.stream.batches import StreamBatches
from kerastc.models.observed import RELATED, WORDS, Observed, state
from kerastc.outputs.vocabulary.losses import divergence
from kerastc.training.batching import Around, among
from kerastc.training.predicting import predict_own
from kerastc.training.relation_distance import ATTENTION, EACH, relation_distance
from kerastc.training.state_distance import cosine_distance, squared_distance

TEACHER = "teacher_"  # before the names of what it says, in the inputs of a batch


@dataclass(frozen=True)
class Lessons:
    """What a student learns from its teacher, besides the words behind the masks.

    Args:
        layers: of the student, and of the teacher.
        temperature: of both in the first loss.
        soft: weight of the teacher's distributions at the masks.
        states: weight of the cosine distance between the last hidden states.
        hidden: weight of the squared distance between those of `pairs`.
        pairs: numbers of states, the student's and the teacher's; 0 are the embeddings.
        relations: weight of the distance between relations, see `relation_distance`.
        block: the teacher's block that these are of; the student's is its last.
        heads: into which queries, keys and values are divided.
        attention: whether attention is related, and not queries with queries and keys with keys.
    """

    layers: tuple[int, int]
    temperature: float = 2.0
    soft: float = 5.0
    states: float = 1.0
    hidden: float = 0.0
    pairs: Sequence[tuple[int, int]] = ()
    relations: float = 0.0
    block: int = 0
    heads: int = 1
    attention: bool = True

    @property
    def weights(self) -> dict[str, float]:
        """By the name of each loss, of those that count."""
        names = ("soft", "states", "hidden", "relations")
        return {name: weight for name in names if (weight := getattr(self, name))}

    def observed(self, model: keras.Model, teacher: bool) -> Observed:
        """A `masked_model`, with what is compared of it.

        Args:
            model: becomes part of it.
            teacher: whether it is the teacher, whose words may not be wanted.
        """
        states = [pair[teacher] for pair in self.pairs] if self.hidden else []
        states += [self.layers[teacher]] if self.states else []
        block = (self.block if teacher else self.layers[0] - 1) if self.relations else None
        return Observed(model, not teacher or bool(self.soft), states, block)


class TaughtBatches(Around):
    """Batches of windows, and what a teacher says of each: it runs as they are read.

    Args:
        batches: of windows.
        teacher: of the same tokens.
    """

    def __init__(self, batches: StreamBatches, teacher: Observed):
        super().__init__(batches)
        self.teacher = teacher

    def __getitem__(self, index: int):
        inputs, targets = self.batches[index]
        said = predict_own(self.teacher, inputs, self.open_axes)
        named = {TEACHER + name: value for name, value in said.items()}
        return inputs | among(named, len(targets)), targets


class Taught(keras.Model):
    """The student, whose loss in training is also that of what its teacher says.

    The words behind the masks are the loss that it is compiled with.

    Args:
        student: a `masked_model`.
        lessons: what else it learns.
        projection: (width, teacher's width), by which its states are first multiplied, and which is
            trained with it; None where both are as wide.

    References: Sanh et al. 2019, DistilBERT, section 2; Jiao et al. 2020, TinyBERT, eq. 8.
    """

    def __init__(
        self, student: keras.Model, lessons: Lessons, projection: np.ndarray | None = None
    ):
        super().__init__(name="taught")
        self.student = lessons.observed(student, teacher=False)
        self.lessons = lessons
        self.terms = {name: keras.metrics.Mean(name) for name in lessons.weights}
        self.projection = None
        if projection is not None:
            self.projection = keras.layers.Dense(
                projection.shape[1], use_bias=False, name="projection"
            )
            self.projection.build((None, None, len(projection)))
            self.projection.set_weights([projection])
        self.built = True

    def call(self, inputs, training=None):
        if training:
            return self.student(inputs, training=True)
        student = self.student.model
        return student({tensor.name: inputs[tensor.name] for tensor in student.inputs})

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        if not isinstance(y_pred, dict):
            return super().compute_loss(x, y, y_pred, sample_weight, training)
        loss = super().compute_loss(x, y, y_pred[WORDS], sample_weight, training)
        further = {
            "soft": self._soft,
            "states": self._states,
            "hidden": self._hidden,
            "relations": self._relations,
        }
        for name, weight in self.lessons.weights.items():
            value = weight * further[name](x, y, y_pred)
            self.terms[name].update_state(value)
            loss = loss + value
        return loss

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        words = y_pred[WORDS] if isinstance(y_pred, dict) else y_pred
        return super().compute_metrics(x, y, words, sample_weight)

    def _soft(self, x: Mapping[str, Any], y, own: Mapping[str, Any]):
        return divergence(x[TEACHER + WORDS], own[WORDS], y >= 0, self.lessons.temperature)

    def _states(self, x, y, own):
        return cosine_distance(*self._pair(x, own, *self.lessons.layers), x["padding_mask"])

    def _hidden(self, x, y, own):
        pairs, mask = self.lessons.pairs, x["padding_mask"]
        apart = (squared_distance(*self._pair(x, own, *pair), mask) for pair in pairs)
        return sum(apart) / len(pairs)

    def _relations(self, x, y, own):
        others = {name: x[TEACHER + name] for name in RELATED}
        pairs = ATTENTION if self.lessons.attention else EACH
        mine = {name: own[name] for name in RELATED}
        return relation_distance(mine, others, x["padding_mask"], self.lessons.heads, pairs)

    def _pair(self, x, own, mine: int, other: int):
        """A state of the student, as wide as its teacher's, and that one."""
        states = own[state(mine)]
        if self.projection is not None:
            states = self.projection(states)
        return states, x[TEACHER + state(other)]
