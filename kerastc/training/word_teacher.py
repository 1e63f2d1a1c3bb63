"""A language model that learns from another: what the teacher says comes with each batch."""

import keras
import numpy as np

from kerastc.inputs.stream.batches import StreamBatches
from kerastc.inputs.stream.masking import NO_TARGET
from kerastc.models.masked_model import PLACES
from kerastc.outputs.vocabulary.losses import divergence
from kerastc.training.batching import Around
from kerastc.training.predicting import predict_batch
from kerastc.training.state_distance import cosine_distance

WORDS, STATES = "teacher_words", "teacher_states"


class TaughtBatches(Around):
    """Batches of windows, and what a teacher says of each: it runs as they are read.

    Args:
        batches: of windows.
        teacher: of `with_states`, of the same tokens.
    """

    def __init__(self, batches: StreamBatches, teacher: keras.Model):
        super().__init__(batches)
        self.teacher = teacher

    def __getitem__(self, index: int):
        inputs, targets = self.batches[index]
        said = predict_batch(self.teacher, inputs, self.open_axes)
        words = np.where((targets == NO_TARGET)[:, :, None], np.float32(0), said["words"])
        return inputs | {WORDS: words, STATES: said["states"]}, targets


class Taught(keras.Model):
    """The student, whose loss in training is also that of what its teacher says.

    soft * T^2 * KL(teacher || student) at the masks + states * (1 - cosine) of the last hidden
    states. The words behind the masks are the loss that it is compiled with.

    Args:
        student: a `masked_model`.
        soft, states: weights.
        temperature: T.

    Reference: Sanh et al. 2019, DistilBERT, section 2.
    """

    def __init__(self, student: keras.Model, soft: float, states: float, temperature: float):
        super().__init__(name="taught")
        self.student = with_states(student)
        self.names = [tensor.name for tensor in student.inputs]
        self.soft, self.states, self.temperature = soft, states, temperature

    def call(self, inputs, training=None):
        own = self.student({name: inputs[name] for name in self.names}, training=training)
        if training:
            soft = divergence(inputs[WORDS], own["words"], self.temperature)
            apart = cosine_distance(own["states"], inputs[STATES], inputs["padding_mask"])
            self.add_loss(self.soft * soft + self.states * apart)
        return own["words"]


def with_states(model: keras.Model) -> keras.Model:
    """A `masked_model` that also gives its encoder's output.

    Returns:
        the same inputs to {"words": (batch, places, tokens), "states": (batch, length, width)}.
    """
    vectors, _ = model.get_layer(PLACES).input
    return keras.Model(model.input, {"words": model.output, "states": vectors}, name=model.name)
