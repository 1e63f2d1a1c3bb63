"""What is trained: pretrained encoders, their tokenizers, and the heads on top of them.

Importing this package registers its layers (and KerasHub's) with Keras, so that
`keras.saving.load_model` reads a saved model with `safe_mode` on.
"""

from kerastc.models.encoders import Encoder, load_encoder
from kerastc.models.text_classifier import set_trainable, split_at_features, text_classifier
from kerastc.models.tokens import Tokenizer, load_tokenizer

__all__ = [
    "Encoder",
    "Tokenizer",
    "load_encoder",
    "load_tokenizer",
    "set_trainable",
    "split_at_features",
    "text_classifier",
]
