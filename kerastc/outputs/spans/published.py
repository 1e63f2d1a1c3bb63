"""Answers in a folder for `transformers`: AutoModelForQuestionAnswering."""

import keras

from kerastc.models.hugging_face import MODELS, Head, dense
from kerastc.tensor import Tensor

ENDS = ("start_logits", "end_logits")


def head(model: keras.Model) -> Head:
    """The layer behind a model's encoder."""
    layer = model.get_layer("ends")
    task, outputs = "ForQuestionAnswering", tuple(Tensor(n, (None, None), "float32") for n in ENDS)
    return Head(task, tuple(MODELS), lambda kind: dense("qa_outputs", layer), outputs)
