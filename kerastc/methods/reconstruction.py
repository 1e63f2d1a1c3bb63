"""Shared by both autoencoders: the loss, its value on held-out images, and a picture."""

import keras
import numpy as np
from keras import ops

from kerastc.errors import UserError
from kerastc.inputs.image.batches import JUDGING, unlabelled_batches
from kerastc.methods.config import ReconstructionConfig
from kerastc.models.decoder import pixels, scaled
from kerastc.report.page.method_pictures import write_picture
from kerastc.report.page.method_plots import image_rows
from kerastc.run import Run
from kerastc.training.predicting import predict

SHOWN = 10  # images in the picture


def refuse_growing(config: ReconstructionConfig) -> None:
    """Raises a UserError if images are to begin small."""
    if config.first_side < 1:
        raise UserError(
            f"first_side={config.first_side}: the decoder draws images of one size.",
            "Leave first_side out.",
        )


def reconstruction_loss(images, outputs):
    """The mean over batch, pixels and channels of the squared difference, both scaled."""
    images, outputs = ops.cast(images, "float32"), ops.cast(outputs, "float32")
    return ops.mean(ops.square(outputs - images))


def unexplained(model: keras.Model, network: keras.Model, images: np.ndarray) -> float:
    """The mean squared error of images: about the share of their variance that is lost.

    Args:
        model: the classifier, whose scale the network uses.
        network: images to scaled images.
        images: (n, height, width, channels) uint8.
    """
    targets = ops.convert_to_numpy(scaled(model, images.astype("float32")))
    return float(np.mean(np.square(_reconstructed(network, images) - targets)))


def show_reconstructions(
    run: Run, model: keras.Model, network: keras.Model, images: np.ndarray
) -> None:
    """Adds a picture to the run's page: images, and their reconstructions.

    Args:
        run: gets the picture.
        model: the classifier, whose scale the network keeps.
        network: images to scaled images.
        images: (n, height, width, channels) uint8, of which the first ten are shown.
    """
    images = images[:SHOWN]
    picture = image_rows(
        {"image": images, "reconstruction": pixels(model, _reconstructed(network, images))}
    )
    write_picture(
        run,
        "reconstructions",
        picture,
        "Reconstructions",
        "Validation images above, and below each its reconstruction: the decoder's image of the "
        "encoder's last feature map.",
    )


def _reconstructed(network: keras.Model, images: np.ndarray) -> np.ndarray:
    """An autoencoder's reconstructions, (n, height, width, channels) float32, scaled."""
    return predict(network, unlabelled_batches(images, JUDGING), "Reconstructing")
