"""Leaves atypical images out of the unlabelled ones, before any method sees them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras
import numpy as np
from keras import ops

from kerastc.data import Splits, require_unlabelled
from kerastc.images import WEAK
from kerastc.inputs.image.batches import unlabelled_batches
from kerastc.methods.config import FilterConfig
from kerastc.methods.one_class import (
    Boundary,
    OneClass,
    first_centre,
    one_class_network,
    outputs_of,
    svdd_loss,
    svm_loss,
)
from kerastc.methods.phases import shared
from kerastc.progress import tell
from kerastc.report.page.method_pictures import write_picture
from kerastc.report.page.method_plots import image_rows
from kerastc.run import Run
from kerastc.training.images import build_classifier
from kerastc.training.pretraining import fit_unlabelled
from kerastc.training.trained import Trained

SHOWN = 12  # images of each kind in the picture


def after_filter(
    method: Callable[[Splits, FilterConfig, Run], Trained],
    splits: Splits,
    config: FilterConfig,
    run: Run,
) -> Trained:
    """Trains with a method on the unlabelled images kept by `typical`."""
    kept, told = typical(splits, config, run)
    trained = method(kept, config, run)
    return replace(trained, method=trained.method | told)


def typical(splits: Splits, config: FilterConfig, run: Run) -> tuple[Splits, dict[str, Any]]:
    """Leaves out the unlabelled images that are least like the labelled ones.

    The network is trained once for all runs with the same images and settings. If it gives all
    images the same score, none is left out.

    Args:
        splits: data.
        config: of a recipe with these settings and a method's; with filter=none the splits are
            returned unchanged.
        run: its cache holds the network; it gets a picture of typical and atypical images.

    Returns:
        the splits for the method, and figures for the report, {"filter": ...}; empty without a
        filter.
    """
    if config.filter == "none":
        return splits, {}
    require_unlabelled(splits)
    network = one_class_network(build_classifier(splits, config), config.filter, config.seed)
    found = fit_one_class(network, splits, config, run)
    boundary = Boundary(found["objective"], found["border"], tuple(found["centre"]))
    images = splits.unlabelled.examples
    scores = boundary.scores(outputs_of(network, images, "Judging"))
    told = {
        "objective": config.filter,
        "nu": config.nu,
        "border": boundary.border,
        "inside": float((scores >= 0).mean()),
        "seconds": found["seconds"],
        "collapsed": boundary.collapsed(scores),
    }
    if told["collapsed"]:
        tell(f"The one-class network says the same of all images ({config.filter}, "
             f"nu={config.nu}): none is left out. Try fewer filter_epochs.")  # fmt: skip
        return splits, {"filter": told | {"kept": len(images), "left out": 0}}
    show_typical(run, images, scores)
    kept = filtered(splits, scores, config.kept)
    count = len(kept.unlabelled)
    tell(f"Filter: {count:,} of {len(images):,} unlabelled images are kept.")
    return kept, {"filter": told | {"kept": count, "left out": len(images) - count}}


def fit_one_class(
    network: keras.Model, splits: Splits, config: FilterConfig, run: Run
) -> dict[str, Any]:
    """Trains a one-class network on the labelled images.

    Returns:
        figures, and objective, border and centre as in `Boundary`.
    """
    settings = config.model_copy(
        update={"epochs": config.filter_epochs, "learning_rate": config.filter_rate}
    )
    images = splits.train.examples
    augment = config.policy(images, WEAK)

    def work(folder: Run) -> dict[str, Any]:
        keras.utils.set_random_seed(config.seed)
        centre = None
        if config.filter == "svdd":
            centre = first_centre(network, images, config.batch_size)
        batches = unlabelled_batches(
            images, config.batch_size, config.seed, augment, config.least_images
        )
        learner = OneClass(network, _loss(network, centre, config.nu))
        figures = fit_unlabelled(learner, batches, settings, folder)
        outputs = outputs_of(network, images, "Drawing the boundary")
        boundary = Boundary.around(outputs, config.nu, centre)
        return {
            "objective": boundary.objective,
            "border": boundary.border,
            "centre": boundary.centre,
            **figures,
        }

    known = settings.model_dump(mode="json", include=ONE_CLASS)
    known |= {"weak": augment.model_dump(), "objective": config.filter}
    return shared(run, "one_class", network, splits, known, work)


# Besides the network, images and backend, the weights depend on these.
ONE_CLASS = {
    *("epochs", "batch_size", "accumulation", "learning_rate", "schedule", "warmup_steps"),
    *("warmup_fraction", "weight_decay", "clip_norm", "precision", "least_images", "nu", "seed"),
}


def _loss(network: keras.Model, centre: np.ndarray | None, nu: float):
    if centre is None:
        layer = network.layers[-1]
        return lambda outputs: svm_loss(outputs, layer.kernel, nu)
    return lambda outputs: svdd_loss(outputs, ops.convert_to_tensor(centre), nu)


def filtered(splits: Splits, scores: np.ndarray, keep: float) -> Splits:
    """Splits without the unlabelled images of the lowest scores; the others keep their order.

    Args:
        splits: data.
        scores: (m,) of the unlabelled images, higher is more typical.
        keep: share to keep, above 0; at least one image is kept.
    """
    count = max(1, round(keep * len(scores)))
    rows = np.sort(np.argsort(-scores, kind="stable")[:count])
    return replace(
        splits,
        unlabelled=splits.unlabelled.take(rows),
        unlabelled_rows=splits.unlabelled_rows[rows],
    )


def show_typical(run: Run, images: np.ndarray, scores: np.ndarray) -> None:
    """Adds a picture to the run's page: the most and the least typical of the images.

    Args:
        run: gets the picture.
        images: (n, height, width, channels) uint8.
        scores: (n,).
    """
    order = np.argsort(-scores, kind="stable")
    picture = image_rows({"typical": images[order[:SHOWN]], "atypical": images[order[-SHOWN:]]})
    write_picture(
        run,
        "typical",
        picture,
        "Typical and atypical images",
        "Unlabelled images that the one-class network finds most like the labelled ones, and those "
        "that it finds least like them.",
    )
