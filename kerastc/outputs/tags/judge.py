"""How a training on tags is judged: entities counted inside the graph, and the judge."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from kerastc.outputs.judge import Judge
from kerastc.outputs.output import Figure
from kerastc.outputs.tags.entities import OUTSIDE, is_scheme
from kerastc.outputs.tags.predictions import Tagged, TagPredictions
from kerastc.outputs.tags.scores import Tags
from kerastc.outputs.tags.words import Words
from kerastc.scores.softmax import softmax
from kerastc.text.encoded import Encoded
from kerastc.text.ragged import Ragged


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
        """Counts targets, with a teacher or without, against (batch, length, tags) logits."""
        y_true = ops.convert_to_tensor(y_true)
        truth = ops.cast(y_true if len(y_true.shape) == 2 else y_true[:, :, 0], "int32")
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

    Then an entity on the border of two windows counts in pieces.

    Args:
        output: of the model.
    """

    main = Figure("f1")
    figures = (Figure("loss", higher=False), Figure("accuracy"), main)

    def __init__(self, output: Tags):
        self.output = output
        self.entities = CountedEntities(output.labels)
        self.metrics = (self.entities,)

    def counted(self) -> dict[str, float]:
        return {"f1": float(self.output.of_counts("f1", self.entities.counted()))}

    def final(
        self, outputs: Sequence[np.ndarray], targets: Ragged, rows: Encoded
    ) -> dict[str, float]:
        """As in `Judge`; the windows of a text are one sentence again.

        Args:
            outputs: n arrays (length, tags) of logits, with or without padding.
            targets: of the tokens.
            rows: the tokens, with `words`.
        """
        words = Words.of(rows)
        truth, answers = words.by_text(words.taken(targets)), []
        for said in words.by_text(softmax(words.taken(outputs))):
            tags = self.output.decoded(said)
            answers.append(Tagged(tags, said[np.arange(len(tags)), tags], said))
        said = TagPredictions.of(truth, answers, self.output.labels)
        return {
            figure.name: float(
                self.output.of_counts(
                    figure.name, self.output.counts(figure.name, said).sum(axis=0)
                )
            )
            for figure in self.figures
        }
