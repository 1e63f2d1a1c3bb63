"""From an image to a model's input: decoding and augmentation. Names load on first use.

A device that predicts has NumPy and Pillow, and so decoding imports no more than these.
"""

from kerastc.lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    names={
        "contact_sheet": ["contact_sheet"],
        "decoding": ["decoded"],
        "mixing": ["Mixture", "cutmix", "mixed_targets", "mixup"],
        "policy": ["CONTRASTIVE", "NONE", "STANDARD", "STRONG", "WEAK", "Augmentation"],
    },
)
