"""Classes in a folder for `transformers`: AutoModelForSequenceClassification."""

from collections.abc import Iterator

import keras
import numpy as np

from kerastc.models.hugging_face import Head, Named, NoAutoClass, dense, logits
from kerastc.models.parts import encoder_layer, pooling_layer
from kerastc.models.pooling import FirstToken
from kerastc.models.published_head import LAYERS
from kerastc.models.windows import WindowPooling

TRAIN = "a training with pooling=pooler or pooling=first has a head that one computes"


def head(model: keras.Model) -> Head:
    """The layers behind a model's encoder.

    Raises:
        NoAutoClass: it reads windows or the mean of the tokens, or has more units than its encoder.
    """
    if any(isinstance(layer, WindowPooling) for layer in model.layers):
        raise NoAutoClass("it reads a document in windows")
    if not isinstance(pooling_layer(model), FirstToken):
        raise NoAutoClass(f"it reads the mean of the tokens; {TRAIN}")
    classifier = model.get_layer("classifier")
    if any(layer.name == "pooler" for layer in model.layers):
        return _with_pooler(model.get_layer("pooler"), classifier)
    return _with_first_token(model.get_layer("pre_classifier"), classifier, encoder_layer(model))


def _with_pooler(pooler: keras.layers.Dense, classifier: keras.layers.Dense) -> Head:
    def tensors(kind: str) -> Iterator[Named]:
        _, (name, *_), last = LAYERS[kind]
        yield from dense(f"{kind}.{name}", pooler)
        yield from dense(last, classifier)

    return _head(("bert", "albert"), tensors, classifier)


def _with_first_token(
    before: keras.layers.Dense, classifier: keras.layers.Dense, encoder: keras.layers.Layer
) -> Head:
    """DistilBERT's, whose first layer has as many units as its encoder: others are zeros."""
    missing = encoder.width - before.units
    if missing < 0:
        raise NoAutoClass(f"its head has {before.units} units, its encoder {encoder.width}")

    def tensors(kind: str) -> Iterator[Named]:
        _, (name,), last = LAYERS[kind]
        for end, array in dense(name, before):
            yield end, np.pad(array, [(0, missing), *[(0, 0)] * (array.ndim - 1)])
        (weight, kernel), bias = dense(last, classifier)
        yield weight, np.pad(kernel, [(0, 0), (0, missing)])
        yield bias

    return _head(("distilbert",), tensors, classifier)


def _head(kinds, tensors, classifier: keras.layers.Dense) -> Head:
    return Head("ForSequenceClassification", kinds, tensors, (logits(classifier.units),))
