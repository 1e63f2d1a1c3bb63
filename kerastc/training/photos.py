"""Trains a classifier of photographs: from split images to a usable run."""

from typing import Any

import keras
import numpy as np

from kerastc.data import Splits
from kerastc.inputs.image.batches import ImageBatches, judging, training_batches
from kerastc.models import encoder_of, head_of, photo_classifier, tune
from kerastc.run import Run
from kerastc.scores.softmax import softmax
from kerastc.training.batching import Batches
from kerastc.training.finalists import Choice
from kerastc.training.image_features import ImageFeatures, weights_digest
from kerastc.training.images import accuracy, augmented, fit_classifier, probabilities
from kerastc.training.photo_config import PhotoClassifierConfig
from kerastc.training.predicting import predict
from kerastc.training.task_training import TaskTraining, costs, save
from kerastc.training.trained import Trained

PARTS = ("train", "validation", "test")


def train_photos(splits: Splits, config: PhotoClassifierConfig, run: Run) -> Trained:
    """Trains a new last layer on a pretrained network, or parts of the network, too.

    A frozen network (`trainable=head`) runs over each image once: its features come from
    `run.cache`, and only the last layer is fitted. Else images are decoded and augmented anew in
    each epoch.

    Args:
        splits: test images are used once, after training.
        config: hyperparameters.
        run: gets history, checkpoints, model.keras and preprocessing.json.
    """
    keras.utils.set_random_seed(config.seed)
    train = splits.train
    model = photo_classifier(
        train.examples.shape[1:],
        len(train.classes),
        config.backbone,
        config.weights,
        config.dropout,
        config.seed,
    )
    parameters = tune(model, config.trainable, config.norms == "trained")
    fitted = _fit_head if config.trainable == "head" else _fit_network
    said, choice, figures = fitted(model, splits, config, run)
    save(model, _preprocessing(model, config), run)
    flipped = None
    if config.mirror_test and config.mirrored(train.examples) and len(splits.test):
        flipped = (said["test"] + _mirrored(model, splits)) / 2
    frozen = config.trainable == "head"
    return Trained(
        said["validation"],
        said["test"],
        {
            "images": len(train),
            **figures,
            "trainable_parameters": parameters,
            "train_accuracy": accuracy(said["train"], train),
            **costs(model),
        },
        choice,
        flipped=flipped,
        augmented={} if frozen else augmented(train.examples, [config.augmentation], config),
    )


Fitted = tuple[dict[str, np.ndarray], Choice, dict[str, float]]


def _fit_head(
    model: keras.Model, splits: Splits, config: PhotoClassifierConfig, run: Run
) -> Fitted:
    """Each part's probabilities, the choice of weights, and figures of the training."""
    encoder, head, training = encoder_of(model), head_of(model), _training(splits, config, run)
    key = (weights_digest(encoder), config.precision, keras.backend.backend())
    cache, judged = ImageFeatures(run.cache, key), {}
    for name in PARTS:
        if len(part := getattr(splits, name)):
            found = cache.features(encoder, part.examples)
            judged[name] = Batches(found, training.head.targets_of(part.labels), config.batch_size)
    train = Batches(
        judged["train"].inputs,
        judged["train"].targets,
        config.batch_size,
        _weights(splits, config, training),
        config.seed,
        np.tile(np.arange(len(splits.train)), -(-config.least_images // len(splits.train))),
    )
    choice, figures = training.fit(head, train, judged["validation"])
    said = {"validation": training.decoded(choice.outputs)}
    for name, told in (("test", "Testing"), ("train", "Looking back")):
        said[name] = training.asked(head, judged.get(name), told)
    return said, choice, figures


def _fit_network(
    model: keras.Model, splits: Splits, config: PhotoClassifierConfig, run: Run
) -> Fitted:
    """As `_fit_head`, of more than the head."""
    choice, figures = fit_classifier(
        model, training_batches(splits.train, config), splits, config, run
    )
    said = {"validation": _training(splits, config, run).decoded(choice.outputs)}
    for name, told in (("test", "Testing"), ("train", "Looking back")):
        said[name] = probabilities(model, getattr(splits, name).examples, told)
    return said, choice, figures


def _training(splits: Splits, config: PhotoClassifierConfig, run: Run) -> TaskTraining:
    return TaskTraining(config, splits.train.classes, run)


def _weights(
    splits: Splits, config: PhotoClassifierConfig, training: TaskTraining
) -> np.ndarray | None:
    train = splits.train
    return training.head.class_weights(train.labels, len(train.classes), config.class_weights)


def _mirrored(model: keras.Model, splits: Splits) -> np.ndarray:
    """The probabilities of mirrored test images, (rows, classes)."""
    images = splits.test.examples
    none = np.zeros((len(images), 0), "float32")
    mirrored = ImageBatches(
        images, none, judging(images), augment=lambda pixels, random: pixels[:, :, ::-1]
    )
    return softmax(predict(model, mirrored, "Testing mirror images"))


def _preprocessing(model: keras.Model, config: PhotoClassifierConfig) -> dict[str, Any]:
    """The content of preprocessing.json; how images got their shape is the data's setting."""
    return {
        "task": config.task,
        "shape": list(model.input.shape[1:]),
        "fit": getattr(config, "fit", "stretch"),
        "backbone": config.backbone,
    }
