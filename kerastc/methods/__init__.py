"""Methods to learn from few labels and many unlabelled images. Names load on first use."""

from kerastc.lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    names={
        "autoencoder": ["autoencoder"],
        "config": [
            "METHODS",
            "AutoencoderConfig",
            "FilterConfig",
            "FixMatchConfig",
            "JointAutoencoderConfig",
            "JointSimclrConfig",
            "SelfTrainingConfig",
            "SimclrConfig",
        ],
        "fixmatch": ["fixmatch"],
        "image_filter": ["after_filter", "filtered"],
        "joint_autoencoder": ["joint_autoencoder"],
        "joint_simclr": ["joint_simclr"],
        "self_training": ["self_training"],
        "simclr": ["simclr"],
        "supervised": ["supervised"],
    },
)
