"""Tags in a folder for `transformers`: AutoModelForTokenClassification."""

import keras

from kerastc.models.hugging_face import MODELS, Head, dense, logits


def head(model: keras.Model) -> Head:
    """The layer behind a model's encoder."""
    layer = model.get_layer("tagger")
    task, outputs = "ForTokenClassification", (logits(None, layer.units),)
    return Head(task, tuple(MODELS), lambda kind: dense("classifier", layer), outputs)
