"""An autoencoder in one step: encoder, decoder and classifier learn together.

The loss of a batch of labelled and unlabelled images is (1 - alpha) times the cross-entropy of the
labelled ones plus (1 + alpha) times the reconstruction's mean squared error over all; with alpha
0.5 these are 0.5 and 1.5.

The study that this follows stayed at 2.5 % on CIFAR-100; its code is not known. Of the causes
tried, the scale of the error explains that: summed over an image's 3,072 values instead of
averaged, its gradient dominates after clipping by the global norm, and a small rate does the
rest. Test accuracy after 384 steps with 2,000 labels, from

    kerastc train joint-autoencoder data=cifar100.npz labelled=2000 unlabelled=2000 test=2000 \\
        validation=500 width=0.5 hidden=0.25 ratio=1 epochs=12 early_stopping.metric=val_accuracy \\
        early_stopping.patience=0

on 2 cores, one seed: 0.124; with learning_rate=1e-4 0.043; with batch_size=500, which makes 48
steps of it, 0.092. With a sum in `reconstruction_loss` 0.043, and 0.010, which is chance, with the
sum and the small rate. So the error is a mean here, over pixels of deviation 1, and the peak rate
4e-3.
"""

import keras
import numpy as np
from keras import ops

from kerastc.data import Splits, require_unlabelled
from kerastc.inputs.image.batches import Beside, training_batches
from kerastc.methods.config import JointAutoencoderConfig
from kerastc.methods.reconstruction import (
    reconstruction_loss,
    refuse_growing,
    show_reconstructions,
)
from kerastc.models import maps_of
from kerastc.models.decoder import HiddenPatches, decoder, scaled
from kerastc.outputs.classes.head import class_weights
from kerastc.run import Run
from kerastc.training.images import Trained, build_classifier, concluded, fit_images
from kerastc.training.learner import Learner
from kerastc.training.seeding import seed_all


def joint_autoencoder(splits: Splits, config: JointAutoencoderConfig, run: Run) -> Trained:
    """Trains classifier and autoencoder at once.

    Args:
        splits: labelled and unlabelled images are reconstructed.
        config: hyperparameters.
        run: gets history, with the reconstruction's part of the loss, and checkpoints.
    """
    refuse_growing(config)
    require_unlabelled(splits)
    model = build_classifier(splits, config)
    seed_all(model, config.seed)
    learner = JointAutoencoder(model, config)
    images = splits.unlabelled.examples
    batches = Beside(
        labelled_batches(splits, config),
        images,
        config.ratio,
        {"unlabelled": config.policy(images, config.weak)},
    )
    choice, figures = fit_images(learner, batches, splits, config, run)
    figures["images"] = len(splits.train) + len(splits.unlabelled)
    show_reconstructions(run, model, learner.network(), splits.validation.examples)
    return concluded(model, choice, figures, splits, config, run)


def labelled_batches(splits: Splits, config: JointAutoencoderConfig):
    """Labelled images whose cross-entropy weighs 1 - alpha."""
    labels, count = splits.train.labels, len(splits.train.classes)
    weights = class_weights(labels, count, config.class_weights)
    if weights is None:
        weights = np.ones(len(labels), "float32")
    return training_batches(splits.train, config, (1 - config.alpha) * weights)


class JointAutoencoder(Learner):
    """Adds the reconstruction of labelled and unlabelled images to the loss of the labels.

    The classifier sees its images whole; only what is reconstructed has hidden patches.

    Args:
        classifier: images to logits.
        config: hyperparameters.
    """

    def __init__(self, classifier: keras.Model, config: JointAutoencoderConfig):
        super().__init__(classifier, config.average, ("reconstruction",))
        self.weight = 1 + config.alpha
        self.maps = maps_of(classifier)
        self.decode = decoder(self.maps, config.seed)
        self.hide = HiddenPatches(config.hidden, config.seed)
        # Both outputs of one pass through the encoder.
        self.both = keras.Model(classifier.input, [classifier.output, self.maps.output])

    def network(self) -> keras.Model:
        """Images to scaled images; without a moving average of the decoder."""
        return keras.Model(self.maps.input, self.decode(self.maps.output), name="autoencoder")

    def learn(self, inputs):
        # One pass, so that the norms see both kinds of images.
        count = ops.shape(inputs["images"])[0]
        images = ops.concatenate([inputs["images"], self.hide(inputs["unlabelled"])])
        logits, maps = self.both(images, training=True)
        return {"logits": logits[:count], "reconstruction": self.decode(maps, training=True)}

    def further(self, inputs, outputs):
        images = ops.concatenate([inputs["images"], inputs["unlabelled"]])
        loss = reconstruction_loss(scaled(self.classifier, images), outputs["reconstruction"])
        return {"reconstruction": self.weight * loss}
