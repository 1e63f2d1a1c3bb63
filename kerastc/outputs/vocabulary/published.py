"""Masked words in a folder for `transformers`: AutoModelForMaskedLM."""

from collections.abc import Iterator

import keras

from kerastc.models.block_parts import activation_of, epsilon_of
from kerastc.models.hugging_face import MODELS, Head, Named, NoAutoClass, logits
from kerastc.models.masked_model import head_weights
from kerastc.models.parts import encoder_layer
from kerastc.models.published_words import LAYERS


def head(model: keras.Model) -> Head:
    """The layers behind a model's encoder; their products with its token table are its own.

    Raises:
        NoAutoClass: they have another activation or epsilon than the encoder.
    """
    words, block = head_weights(model), encoder_layer(model).blocks[0]
    if (words.activation, words.epsilon) != (activation_of(block), epsilon_of(block)):
        raise NoAutoClass(
            f"its masked head has the activation {words.activation} and the epsilon "
            f"{words.epsilon:g}, which are not its encoder's"
        )

    def tensors(kind: str) -> Iterator[Named]:
        dense, norm, bias = LAYERS[kind]
        yield f"{dense}.weight", words.kernel.T
        yield f"{dense}.bias", words.dense_bias
        yield f"{norm}.weight", words.gamma
        yield f"{norm}.bias", words.beta
        yield bias, words.bias

    return Head("ForMaskedLM", tuple(MODELS), tensors, (logits(None, len(words.bias)),))
