"""A student that is also held to its teacher's hidden states."""

import keras
from keras import ops

from kerastc.models import encoder_layer


class StateMatching(keras.Model):
    """The student, with the cosine distance of its states to the teacher's as a loss of its own.

    State j of the student's n + 1 (the embeddings first) is compared with state j N / n of the
    teacher's N + 1, tokens without padding only. The teacher is not part of the model: it is
    neither trained nor saved.

    Args:
        student, teacher: compact models of one width that read the same tokens.
        weight: of the mean distance.

    Reference: Sanh et al. 2019, DistilBERT, section 2 (L_cos). `keras.distillation` has a
    `FeatureDistillation`, but it would compare padding, too.
    """

    def __init__(self, student: keras.Model, teacher: keras.Model, weight: float):
        super().__init__(name="state_matching")
        self.student = student
        self.weight = weight
        encoder = encoder_layer(teacher)
        # In a closure Keras does not find the teacher, nor the student a second time.
        self.teacher_states = lambda inputs: encoder.states(inputs, training=False)
        behind = _behind_encoder(student)
        self.outputs_of = lambda given, training: behind(given, training=training)

    def call(self, inputs, training=None):
        states = encoder_layer(self.student).states(inputs, training)
        given = [inputs[tensor.name] for tensor in self.student.inputs]
        outputs = self.outputs_of([states[-1], *given], training)
        if training:
            self.add_loss(self.weight * self._distance(states, inputs))
        return outputs

    def _distance(self, states, inputs):
        """The mean of 1 - cosine over states and tokens, a scalar."""
        theirs = self.teacher_states(inputs)
        mask = ops.cast(inputs["padding_mask"], "float32")
        last, theirs_last = len(states) - 1, len(theirs) - 1
        pairs = [(mine, theirs[j * theirs_last // last]) for j, mine in enumerate(states)]
        distances = [
            1 - ops.sum(_unit(mine) * ops.stop_gradient(_unit(other)), axis=-1)
            for mine, other in pairs
        ]
        return sum(ops.sum(d * mask) / ops.sum(mask) for d in distances) / len(pairs)


def _behind_encoder(model: keras.Model) -> keras.Model:
    """What follows the encoder: a list of its last states and the model's inputs to the outputs."""
    given = [encoder_layer(model).output, *model.inputs]
    return keras.Model(given, model.output, name="behind_encoder")


def _unit(states):
    return ops.normalize(ops.cast(states, "float32"), axis=-1)
