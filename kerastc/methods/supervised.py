"""Learning from the labelled images alone: the baseline for every other method."""

from kerastc.data import Splits
from kerastc.run import Run
from kerastc.training.images import (
    ImageClassifierConfig,
    Trained,
    build_classifier,
    train_image_classifier,
)


def supervised(splits: Splits, config: ImageClassifierConfig, run: Run) -> Trained:
    """Trains a classifier on `splits.train`."""
    return train_image_classifier(build_classifier(splits, config), splits, config, run)
