"""What is trained: pretrained encoders, and the heads on top of them.

Names load on first use. `from kerastc.models import text_classifier` registers the layers with
Keras (and KerasHub's), so that `keras.saving.load_model` reads a saved model with `safe_mode` on.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "conversion": ["compact", "with_encoder"],
        "encoders": ["Encoder", "load_encoder"],
        "text_classifier": ["set_trainable", "split_at_features", "text_classifier"],
    },
)
