"""Trains an image classifier: from split images to a usable run."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from kerastc.data import LabelledImages, Splits, channel_statistics
from kerastc.images import Augmentation
from kerastc.inputs.image.batches import ImageBatches, judged, judging, training_batches
from kerastc.models import image_classifier
from kerastc.run import Run
from kerastc.scores.softmax import softmax
from kerastc.training.finalists import Choice
from kerastc.training.growing import growing
from kerastc.training.image_config import ImageClassifierConfig, ImageTrainingConfig
from kerastc.training.learner import Learner
from kerastc.training.predicting import predict
from kerastc.training.seeding import seed_all
from kerastc.training.task_training import TaskTraining, costs, save
from kerastc.training.trained import Trained

SAMPLES = (4, 9)  # images whose augmentation the report shows, and how often each


def build_classifier(splits: Splits, config: ImageClassifierConfig) -> keras.Model:
    """The network of a config for such images, with random weights."""
    train = splits.train
    return image_classifier(
        train.examples.shape[1:],
        len(train.classes),
        config.architecture,
        config.width,
        config.depth,
        config.dropout,
        config.l2,
        channel_statistics(train.examples),
        config.seed,
    )


def train_image_classifier(
    model: keras.Model,
    splits: Splits,
    config: ImageClassifierConfig,
    run: Run,
    train: ImageBatches | None = None,
) -> Trained:
    """Fits the model on labelled images, chooses the checkpoint on `splits.validation`.

    Args:
        model: of `kerastc.models.image_classifier`.
        splits: test images are used once, after training.
        config: hyperparameters.
        run: gets history, checkpoints, model.keras and preprocessing.json.
        train: batches instead of those of `splits.train`.
    """
    batches = train or training_batches(splits.train, config)
    choice, figures = fit_classifier(model, batches, splits, config, run)
    return concluded(model, choice, figures, splits, config, run)


def fit_classifier(
    model: keras.Model,
    train: ImageBatches,
    splits: Splits,
    config: ImageTrainingConfig,
    run: Run,
) -> tuple[Choice, dict[str, float]]:
    """Fits a classifier to its batches' targets alone, with draws from its seed alone.

    Arguments and result as in `fit_images`. With `config.average` it is the moving average that is
    evaluated and kept.
    """
    seed_all(model, config.seed)
    plain = not config.average and config.first_side == 1
    learner = model if plain else Learner(model, config.average)
    return fit_images(learner, train, splits, config, run)


def accuracy(probabilities: np.ndarray, images: LabelledImages) -> float:
    """The share of labelled images whose most probable class, in (n, classes), is right."""
    return float((probabilities.argmax(axis=1) == images.labels).mean())


def fit_images(
    learner: keras.Model,
    train: keras.utils.PyDataset,
    splits: Splits,
    config: ImageTrainingConfig,
    run: Run,
    **options: Any,
) -> tuple[Choice, dict[str, float]]:
    """Fits a classifier, or a learner and so its classifier; see `kerastc.training.fit.fit`."""
    train, validation = growing(train, config), judged(splits.validation, config)
    training = TaskTraining(config, splits.train.classes, run)
    found = training.fit(learner, train, validation, **options)
    if isinstance(learner, Learner):
        learner.keep()
    return found


def probabilities(model: keras.Model, images: np.ndarray, told: str) -> np.ndarray:
    """A classifier's probabilities for (n, height, width, channels) uint8: (n, classes) float64."""
    none = np.zeros((len(images), 0), "float32")
    return softmax(predict(model, ImageBatches(images, none, judging(images)), told))


def concluded(
    model: keras.Model,
    choice: Choice | None,
    figures: Mapping[str, float],
    splits: Splits,
    config: ImageClassifierConfig,
    run: Run,
    method: dict[str, Any] | None = None,
    policies: Sequence[Augmentation] = (),
) -> Trained:
    """Saves a trained classifier and evaluates the test images, once.

    Args:
        model: with the weights to keep.
        choice: how they were chosen; None if validation is predicted here.
        figures: of the training; "images" defaults to the number of labelled ones.
        splits, config: data and hyperparameters.
        run: gets model.keras and preprocessing.json.
        method: figures of the method.
        policies: its augmentations besides `config.augmentation`.
    """
    save(model, preprocessing(model, config, splits.train.bits), run)
    test, train = splits.test.examples, splits.train
    found = probabilities(model, test, "Testing")
    flipped = None
    if config.mirror_test and config.mirrored(test):
        mirrored = probabilities(model, test[:, :, ::-1], "Testing mirror images")
        flipped = (found + mirrored) / 2
    seen = probabilities(model, train.examples, "Looking back").argmax(axis=1)
    return Trained(
        TaskTraining(config, train.classes, run).decoded(choice.outputs)
        if choice
        else probabilities(model, splits.validation.examples, "Validating"),
        found,
        {
            "images": len(train),
            **figures,
            "train_accuracy": float((seen == train.labels).mean()),
            **costs(model),
        },
        choice,
        flipped=flipped,
        augmented=augmented(train.examples, [config.augmentation, *policies], config),
        method=method or {},
    )


def augmented(
    images: np.ndarray, policies: Sequence[Augmentation], config: ImageTrainingConfig
) -> dict[str, np.ndarray]:
    """For `Trained.augmented`: some of (n, height, width, channels) uint8 by each policy."""
    rows, times = SAMPLES
    first = images[:rows]
    found = {}
    for given in policies:
        policy = config.policy(images, given)
        random = np.random.default_rng(config.seed)
        seen = np.stack([first, *(policy(first, random) for _ in range(times))], axis=1)
        found[policy.describe()] = seen
    return found


def preprocessing(
    model: keras.Model, config: ImageClassifierConfig, bits: int | None
) -> dict[str, Any]:
    """The content of preprocessing.json; `bits` are those of the training images."""
    return {
        "task": config.task,
        "shape": list(model.input.shape[1:]),
        "bits": bits,
        "architecture": config.architecture,
    }
