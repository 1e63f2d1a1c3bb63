"""SimCLR in one step: the labels' cross-entropy and the contrastive loss, added, from the start.

Each batch has labelled images, and pairs of views of unlabelled ones (Chen et al. 2020, eq. 1,
times a weight). The views are normalised separately and do not enter the norms' moving averages:
those are of the labelled images, which look like the test images.
"""

import keras
from keras import ops

from kerastc.data import Splits, require_unlabelled
from kerastc.errors import UserError
from kerastc.inputs.image.batches import Beside, training_batches
from kerastc.methods.config import JointSimclrConfig
from kerastc.methods.contrastive import (
    encoded,
    nt_xent,
    pairs_found,
    projector_of,
)
from kerastc.methods.simclr import all_features, show_features
from kerastc.models import any_size
from kerastc.run import Run
from kerastc.training.images import Trained, build_classifier, concluded, fit_images
from kerastc.training.learner import Learner
from kerastc.training.seeding import seed_all


def joint_simclr(splits: Splits, config: JointSimclrConfig, run: Run) -> Trained:
    """Trains the classifier on labels and pairs of views at once.

    Args:
        splits: pairs are of unlabelled images.
        config: hyperparameters.
        run: gets history, with the contrastive part of the loss, and checkpoints.
    """
    require_unlabelled(splits)
    images = splits.unlabelled.examples
    # Every batch is full; the few images left out for that are random.
    whole = len(images) - len(images) % config.pairs
    if not whole:
        fitting = len(images) // config.ratio
        raise UserError(
            f"A batch takes {config.pairs} unlabelled images, batch_size={config.batch_size} times "
            f"ratio={config.ratio}; there are {len(images)}.",
            f"Give {f'batch_size={fitting}, or ' if fitting else ''}a smaller ratio.",
        )
    model = build_classifier(splits, config)
    seed_all(model, config.seed)
    view = config.view(images)
    batches = Beside(
        training_batches(splits.train, config),
        images[:whole],
        config.ratio,
        {"first": view, "second": view},
    )
    choice, figures = fit_images(JointContrast(model, config), batches, splits, config, run)
    figures["images"] = len(splits.train) + len(splits.unlabelled)
    features = all_features(model, splits)["validation"]
    show_features(features, splits.validation.classes, config.seed, run, "Features")
    return concluded(model, choice, figures, splits, config, run)


class JointContrast(Learner):
    """Adds the contrastive loss of pairs of views to the loss of the labels.

    Args:
        classifier: images to logits.
        config: hyperparameters.
    """

    def __init__(self, classifier: keras.Model, config: JointSimclrConfig):
        super().__init__(classifier, config.average, ("contrastive", "pairs_found"))
        self.projector = any_size(projector_of(classifier, config.projection, config.seed))
        self.temperature = config.temperature
        self.weight = config.contrast
        self.chunks = max(config.pairs // config.at_once, 1)

    def learn(self, inputs):
        views = ops.concatenate([inputs["first"], inputs["second"]])
        vectors = encoded(self.projector, views, self.chunks, statistics=False)
        return {**super().learn(inputs), "vectors": vectors}

    def further(self, inputs, outputs):
        first, second = ops.split(outputs["vectors"], 2)
        self.terms["pairs_found"].update_state(pairs_found(first, second))
        return {"contrastive": self.weight * nt_xent(first, second, self.temperature)}
