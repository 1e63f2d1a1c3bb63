"""Ways to learn from few labels and many images without any. Names load on first use."""

from kerastc.rooms import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    names={
        "autoencoder": ["AutoencoderConfig", "autoencoder"],
        "config": ["FixMatchConfig", "SelfTrainingConfig"],
        "fixmatch": ["fixmatch"],
        "joint_autoencoder": ["JointAutoencoderConfig", "joint_autoencoder"],
        "self_training": ["self_training"],
        "supervised": ["supervised"],
    },
)
