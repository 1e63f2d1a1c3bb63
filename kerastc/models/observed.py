"""A masked language model with what goes on in its encoder, for another that learns from it."""

from collections.abc import Collection

import keras

from kerastc.models.masked_model import PLACES, POSITIONS, WordHead
from kerastc.models.parts import encoder_layer

WORDS, RELATED = "words", ("query", "key", "value")


def state(number: int) -> str:
    """What a state is called in the outputs: 0 are the embeddings, n the output of block n."""
    return f"state_{number}"


class Observed(keras.Model):
    """A `masked_model` of a compact encoder that also gives its hidden states.

    Args:
        model: becomes part of it.
        words: whether its logits are wanted.
        states: the numbers of the states that are.
        block: the block whose queries, keys and values are, from 0; None: of none.

    Call:
        inputs: those of the model.
        returns: by name, as far as they are wanted, "words", (batch, places, tokens); "state_N" of
            each number, (batch, length, width); "query", "key" and "value", (batch, length, heads
            x width of a head).
    """

    def __init__(
        self,
        model: keras.Model,
        words: bool = True,
        states: Collection[int] = (),
        block: int | None = None,
    ):
        super().__init__(name="observed")
        self.model = model
        self.words, self.wanted, self.block = words, sorted(set(states)), block
        self.built = True

    def call(self, inputs, training=None):
        encoder = encoder_layer(self.model)
        states, related = encoder.observed(inputs, training, self.block)
        found = {state(number): states[number] for number in self.wanted}
        if self.block is not None:
            found |= dict(zip(RELATED, related, strict=True))
        if self.words:
            vectors = self.model.get_layer(PLACES)(states[-1], inputs[POSITIONS])
            found[WORDS] = WordHead.of(self.model).said(encoder, vectors)
        return found
