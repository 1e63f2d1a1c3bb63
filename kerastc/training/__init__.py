"""How models are trained. Names load on first use: Keras is not imported before it is needed."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "config": ["EarlyStopping", "TextClassifierConfig", "TrainingConfig"],
        "text": ["Trained", "train_text_classifier"],
    },
)
