"""The models to train: pretrained encoders, and the heads on top of them.

Names load on first use. `from kerastc.models import sequence_classifier` registers the layers with
Keras (and KerasHub's), so that `keras.saving.load_model` reads a saved model with `safe_mode` on.
"""

from kerastc.lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    names={
        "conversion": ["compact", "with_encoder"],
        "encoders": ["Encoder", "load_encoder"],
        "image_classifier": ["any_size", "encoder_of", "image_classifier", "maps_of"],
        "photo_classifier": ["head_of", "photo_classifier", "tune"],
        "parts": ["encoder_layer", "head_layers", "pooling_layer"],
        "sequence_classifier": ["set_trainable", "split_at_features", "sequence_classifier"],
    },
)
