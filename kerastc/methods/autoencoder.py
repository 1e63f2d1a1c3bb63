"""An autoencoder in two steps: the encoder learns from all images without a label, then classifies.

Masci et al. 2011, Stacked Convolutional Auto-Encoders, with all layers at once. The encoder is the
classifier's own up to its last feature map, the decoder its mirror image. The classifier is then
trained twice: its last layer on the frozen encoder, and from there all of it (Kumar et al. 2022,
Fine-Tuning can Distort Pretrained Features: first the head, so that the features are not bent to
fit random weights). The one that is better on validation is the run's model.
"""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from kerastc.data import Splits
from kerastc.inputs.image.batches import JUDGING, training_batches, unlabelled_batches
from kerastc.methods.config import AutoencoderConfig
from kerastc.methods.features import features_of, training_images
from kerastc.methods.phases import phase, shared
from kerastc.methods.reconstruction import (
    reconstruction_loss,
    refuse_growing,
    show_reconstructions,
    unexplained,
)
from kerastc.models import encoder_of, head_layers, maps_of
from kerastc.models.decoder import HiddenPatches, decoder, scaled
from kerastc.outputs.classes import head
from kerastc.outputs.classes.scores import Classes
from kerastc.progress import tell
from kerastc.run import Run
from kerastc.training.batching import Batches
from kerastc.training.config import EarlyStopping
from kerastc.training.fit import fit
from kerastc.training.images import (
    Trained,
    accuracy,
    build_classifier,
    concluded,
    fit_classifier,
    probabilities,
)
from kerastc.training.pretraining import Pretrainer, fit_unlabelled


def autoencoder(splits: Splits, config: AutoencoderConfig, run: Run) -> Trained:
    """Trains the encoder without labels, then the classifier on it, frozen and fine-tuned.

    Args:
        splits: the labelled and unlabelled images are reconstructed.
        config: hyperparameters.
        run: gets the fine-tuning's history and checkpoints, and the last layer's under phases/;
            the pretraining is in the cache for all runs that need the same.
    """
    refuse_growing(config)
    model = build_classifier(splits, config)
    pretrained = pretrain(model, splits, config, run)
    head = phase(run, "frozen", model, lambda folder: fit_head(model, splits, config, folder))
    frozen = model.get_weights()

    choice, figures = fit_classifier(
        model, training_batches(splits.train, config), splits, config, run
    )
    outcomes = [
        Outcome("frozen", head["validation_accuracy"], frozen),
        Outcome("fine_tuned", choice.figures["accuracy"], model.get_weights()),
    ]
    best, other = sorted(outcomes, key=lambda outcome: -outcome.validation)
    tell(", ".join(f"{o.name}: validation accuracy {o.validation:.4f}" for o in outcomes))

    seconds = pretrained["seconds"] + head["seconds"] + figures["seconds"]
    figures |= {"seconds": round(seconds, 3), "images": len(splits.train) + len(splits.unlabelled)}
    model.set_weights(other.weights)
    other_test = accuracy(probabilities(model, splits.test.examples, "Testing"), splits.test)
    model.set_weights(best.weights)
    kept = choice if best.name == "fine_tuned" else None
    trained = concluded(model, kept, figures, splits, config, run)
    tests = {best.name: accuracy(trained.test, splits.test), other.name: other_test}
    trained.method.update(
        {
            "autoencoder": pretrained,
            **{
                outcome.name: {
                    "validation accuracy": outcome.validation,
                    "test accuracy": tests[outcome.name],
                }
                for outcome in outcomes
            },
            "kept": best.name,
        }
    )
    return trained


@dataclass(frozen=True)
class Outcome:
    """One of the classifiers trained by a method.

    Args:
        name: in the report.
        validation: its accuracy there.
        weights: all of the classifier's.
    """

    name: str
    validation: float
    weights: list[np.ndarray]


def pretrain(
    model: keras.Model, splits: Splits, config: AutoencoderConfig, run: Run
) -> dict[str, Any]:
    """Trains a classifier's encoder to reconstruct all images of the training parts.

    Args:
        model: its encoder gets the weights.
        splits, config: data and hyperparameters.
        run: its cache holds the weights; it gets the picture of reconstructions.

    Returns:
        figures: epochs, steps, loss, seconds, and "unexplained", the mean squared error on
        validation images on the model's scale: about 1 for an image of the mean colour.
    """
    settings = config.model_copy(
        update={"epochs": config.pretraining_epochs, "learning_rate": config.pretraining_rate}
    )
    maps = maps_of(model)
    decode = decoder(maps, config.seed)
    network = keras.Model(maps.input, decode(maps.output), name="autoencoder")
    images = training_images(splits)
    weak = config.policy(images, config.weak)
    validation = splits.validation.examples

    def work(folder: Run) -> dict[str, Any]:
        keras.utils.set_random_seed(config.seed)
        learner = Autoencoder(maps, decode, HiddenPatches(config.hidden, config.seed))
        batches = unlabelled_batches(images, config.batch_size, config.seed, weak)
        figures = fit_unlabelled(learner, batches, settings, folder)
        return {"unexplained": unexplained(model, network, validation), **figures}

    known = settings.model_dump(mode="json", include=PRETRAINING) | {"weak": weak.model_dump()}
    figures = shared(run, "autoencoder", network, splits, known, work)
    tell(f"Reconstruction of validation images: {figures['unexplained']:.1%} of the variance "
         "remains unexplained.")  # fmt: skip
    show_reconstructions(run, model, network, validation)
    return figures


# Besides the network, images and backend, the weights of a pretraining depend on these.
PRETRAINING = {
    *("epochs", "batch_size", "accumulation", "learning_rate", "schedule", "warmup_steps"),
    *("warmup_fraction", "weight_decay", "clip_norm", "precision", "hidden", "seed"),
}


class Autoencoder(Pretrainer):
    """The mean squared error of reconstructed pixels, scaled as the model scales them.

    Args:
        maps: images to the last feature map.
        decode: the feature map to scaled images.
        hide: applied to an image before it is encoded.
    """

    def __init__(self, maps: keras.Model, decode: keras.Model, hide: HiddenPatches):
        super().__init__(maps)
        self.decode = decode
        self.hide = hide

    def call(self, inputs, training=False):
        return self.decode(self.encoder(self.hide(inputs), training=training), training=training)

    def losses_of(self, inputs, outputs):
        return {"reconstruction": reconstruction_loss(scaled(self.encoder, inputs), outputs)}


def fit_head(
    model: keras.Model, splits: Splits, config: AutoencoderConfig, run: Run
) -> dict[str, Any]:
    """Trains a classifier's last layer on the features of its frozen encoder, computed once.

    It is fitted to standardised features, on which one rate suits every encoder; their mean and
    deviation are folded into its weights afterwards.

    Args:
        model: gets the weights of the last layer.
        splits, config: data and hyperparameters.
        run: gets history and checkpoints.

    Returns:
        figures: validation_accuracy and those of `kerastc.training.fit.fit`.
    """
    encoder = encoder_of(model)
    features = {
        part: features_of(encoder, getattr(splits, part).examples)
        for part in ("train", "validation")
    }
    mean, deviation = features["train"].mean(axis=0), features["train"].std(axis=0) + 1e-3
    targets = {part: head.targets_of(getattr(splits, part).labels) for part in features}
    standard = {part: (rows - mean) / deviation for part, rows in features.items()}
    times = -(-config.least_images // len(splits.train))
    rows = np.tile(np.arange(len(splits.train)), times)
    train = Batches(
        standard["train"], targets["train"], config.batch_size, seed=config.seed, rows=rows
    )
    validation = Batches(standard["validation"], targets["validation"], JUDGING)
    settings = config.model_copy(
        update={
            "epochs": config.frozen_epochs,
            "learning_rate": config.frozen_rate,
            "early_stopping": EarlyStopping(metric=None, patience=0),
        }
    )
    keras.utils.set_random_seed(config.seed)
    last = head_layers(model)[-1]
    layer = _last_layer(mean.shape, config.dropout, last.units, config.seed)
    loss, judge = head.loss(config), head.judge(Classes(splits.train.classes))
    choice, figures = fit(layer, train, validation, loss, judge, settings, run)
    kernel, bias = layer.layers[-1].get_weights()
    kernel = kernel / deviation[:, None]
    last.set_weights([kernel, bias - mean @ kernel])
    return {"validation_accuracy": choice.figures["accuracy"], **figures}


def _last_layer(shape: tuple[int, ...], dropout: float, classes: int, seed: int) -> keras.Model:
    x = features = keras.Input(shape, dtype="float32", name="features")
    x = keras.layers.Dropout(dropout, seed=seed, name="head_dropout")(x)
    x = keras.layers.Dense(classes, kernel_initializer="zeros", name="classifier")(x)
    return keras.Model(features, x, name="head")
