"""A student that also learns its teacher's hidden states."""

import keras

from kerastc.models import encoder_layer, pooling_layer
from kerastc.models.parts import after_pooling, encoder_inputs, has_pooling
from kerastc.training.state_distance import cosine_distance


class StateMatching(keras.Model):
    """The student, with the cosine distance of its states to the teacher's as an added loss.

    State j of the student's n + 1 (the embeddings first) is compared with state j N / n of the
    teacher's N + 1, without padding. The teacher is not part of the model: it is neither trained
    nor saved.

    Args:
        student, teacher: compact classifiers of one width that read the same tokens.
        weight: of the mean distance.

    Reference: Sanh et al. 2019, DistilBERT, section 2 (L_cos). `keras.distillation` has a
    `FeatureDistillation`, but it would compare padding, too.
    """

    def __init__(self, student: keras.Model, teacher: keras.Model, weight: float):
        super().__init__(name="state_matching")
        self.student = student
        self.weight = weight
        encoder = encoder_layer(teacher)
        # In a closure, so that Keras does not track the teacher.
        self.teacher_states = lambda inputs: encoder.states(inputs, training=False)

    def call(self, inputs, training=None):
        read = encoder_inputs(self.student, inputs)
        states = encoder_layer(self.student).states(read, training)
        features = states[-1]
        if has_pooling(self.student):
            features = pooling_layer(self.student)(features, read["padding_mask"])
        if training:
            self.add_loss(self.weight * self._distance(states, read))
        return after_pooling(self.student, features, inputs["padding_mask"], training)

    def _distance(self, states, inputs):
        """The mean of 1 - cosine over states and tokens, a scalar; `inputs` are the encoder's."""
        theirs = self.teacher_states(inputs)
        last, theirs_last = len(states) - 1, len(theirs) - 1
        pairs = [(mine, theirs[j * theirs_last // last]) for j, mine in enumerate(states)]
        mask = inputs["padding_mask"]
        return sum(cosine_distance(mine, other, mask) for mine, other in pairs) / len(pairs)
