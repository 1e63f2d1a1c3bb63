"""SimCLR in two steps: the encoder learns from pairs of views without a label, then classifies.

Chen et al. 2020, sections 2 and 4. Pretraining sees the images of the labelled and the unlabelled
part. Its frozen features are measured by logistic regression and nearest neighbours, against those
of the same encoder with random weights; then all of it is fine-tuned with the labels, with a
logistic regression as last layer (Kumar et al. 2022, Fine-Tuning can Distort Pretrained
Features), and that is the run's model.

Three things would undo the pretraining in the first steps of fine-tuning, and are avoided. Norms
with the statistics of cropped and coloured views: plain images, normalised by the batch, look
different from those that the last layer was fitted to (its cross-entropy on CIFAR-100 was 2.30
by the moving averages, 3.93 by the batch). An overconfident last layer: see
`kerastc.methods.probes.soft_layer`. And small images, if images grow: the pretraining has already
grown them.

Why the study's SimCLR did not train is unknown. Six short epochs of a narrow network did not
separate the suspects (kerastc train simclr data=cifar100.npz labelled=3000 unlabelled=2000
validation=1000 width=0.25 pretraining_epochs=6, one seed, standard error 0.01): the linear probe
had 0.093 on validation with random weights, 0.117 with the defaults, 0.122 at the rate of 0.1 and
0.134 with views that are only shifted and mirrored and also with a projection without norms. The
pairs found do not predict that: 87 % with those views, 5 to 9 % with the others.
"""

from typing import Any

import keras
import numpy as np
from keras import ops

from kerastc.data import Splits
from kerastc.inputs.image.batches import training_batches
from kerastc.methods.config import ContrastiveConfig, SimclrConfig
from kerastc.methods.contrastive import (
    PairBatches,
    encoded,
    nt_xent,
    pairs_found,
    projector_of,
)
from kerastc.methods.features import features_of, settle_norms, training_images
from kerastc.methods.phases import shared
from kerastc.methods.probes import Features, linear_probe, neighbour_probe, soft_layer
from kerastc.models import any_size, encoder_of, head_layers
from kerastc.progress import tell
from kerastc.report.page.method_pictures import write_picture
from kerastc.report.page.method_plots import neighbourhoods, projection, similarity_matrix
from kerastc.run import Run
from kerastc.training.growing import growing
from kerastc.training.images import Trained, accuracy, build_classifier, concluded, fit_classifier
from kerastc.training.predicting import predict_batch
from kerastc.training.pretraining import Pretrainer, fit_unlabelled
from kerastc.training.seeding import seed_all

PARTS = ("train", "validation", "test")
PAIRED = 512  # most validation images whose pairs are searched for
SHOWN = 24  # of them in the picture of similarities


def simclr(splits: Splits, config: SimclrConfig, run: Run) -> Trained:
    """Trains the encoder without labels, measures its features, and fine-tunes it with the labels.

    Args:
        splits: pretraining uses the labelled and unlabelled images.
        config: hyperparameters.
        run: gets the fine-tuning's history and checkpoints; the pretraining is in the cache for
            all runs that need the same.
    """
    model = build_classifier(splits, config)
    random = settled_features(model, splits, config.seed)
    projector = projector_of(model, config.projection, config.seed)
    figures = pretrain(projector, splits, config, run)
    pairs = show_pairs(projector, splits.validation.examples, config, run)
    frozen = settled_features(model, splits, config.seed)
    show_features(
        frozen["validation"],
        splits.validation.classes,
        config.seed,
        run,
        "Features before any label was seen",
    )
    judged = probed(random, frozen)
    head_layers(model)[-1].set_weights(soft_layer(frozen["train"]))
    choice, fitted = fit_classifier(
        model, training_batches(splits.train, config), splits, config.grown, run
    )
    seconds = round(figures["seconds"] + fitted["seconds"], 3)
    fitted |= {"seconds": seconds, "images": len(splits.train) + len(splits.unlabelled)}
    trained = concluded(model, choice, fitted, splits, config, run)
    fine_tuned = {
        "validation accuracy": accuracy(trained.validation, splits.validation),
        "test accuracy": accuracy(trained.test, splits.test),
    }
    trained.method["contrastive"] = {**figures, "pairs found": pairs}
    rows = {**judged, "fine-tuned": fine_tuned}
    trained.method["judged"] = [{"classifier": name, **row} for name, row in rows.items()]
    return trained


# Besides the network, images and backend, the weights of a pretraining depend on these.
PRETRAINING = {
    *("epochs", "batch_size", "accumulation", "learning_rate", "schedule", "warmup_steps"),
    *("warmup_fraction", "weight_decay", "clip_norm", "precision", "seed"),
    *("temperature", "at_once", "least_images", "first_side"),
}


def pretrain(
    projector: keras.Model, splits: Splits, config: SimclrConfig, run: Run
) -> dict[str, Any]:
    """Trains a projector, and so its encoder, on views of all images of the training parts.

    Returns:
        the figures from `kerastc.training.pretraining.fit_unlabelled`.
    """
    images = training_images(splits)
    views = config.view(images)
    times = -(-config.least_images // len(images))
    batches = PairBatches(
        images, config.pretraining_batch, config.at_once, views, config.seed, times
    )
    settings = config.model_copy(
        update={
            "epochs": config.pretraining_epochs,
            "batch_size": batches.batch_size,
            "learning_rate": config.pretraining_rate,
        }
    )

    def work(folder: Run) -> dict[str, Any]:
        seed_all(projector, config.seed)
        learner = Contrast(projector, config.temperature, batches.chunks)
        return fit_unlabelled(learner, growing(batches, settings), settings, folder)

    known = settings.model_dump(mode="json", include=PRETRAINING) | {"views": views.model_dump()}
    return shared(run, "simclr", projector, splits, known, work)


class Contrast(Pretrainer):
    """The contrastive loss of a batch of pairs, encoded in chunks.

    Args:
        projector: images to the vectors that are compared.
        temperature: of the loss.
        chunks: per batch, encoded one at a time.
    """

    def __init__(self, projector: keras.Model, temperature: float, chunks: int):
        super().__init__(any_size(projector), ("pairs_found",))
        self.temperature = temperature
        self.chunks = chunks

    def call(self, inputs, training=False):
        images = ops.concatenate([inputs["first"], inputs["second"]])
        return encoded(self.encoder, images, self.chunks)

    def losses_of(self, inputs, outputs):
        first, second = ops.split(outputs, 2)
        self.terms["pairs_found"].update_state(pairs_found(first, second))
        return {"contrastive": nt_xent(first, second, self.temperature)}


def settled_features(model: keras.Model, splits: Splits, seed: int) -> dict[str, Features]:
    """The same as `all_features`, after the norms have settled on the training images."""
    settle_norms(encoder_of(model), training_images(splits), seed)
    return all_features(model, splits)


def all_features(model: keras.Model, splits: Splits) -> dict[str, Features]:
    """A classifier's current features for the images of each labelled part."""
    encoder = encoder_of(model)
    parts = {name: getattr(splits, name) for name in PARTS}
    return {
        name: Features(features_of(encoder, part.examples), part.labels)
        for name, part in parts.items()
    }


def probed(random: dict[str, Features], frozen: dict[str, Features]) -> dict[str, dict[str, float]]:
    """Measures features with simple classifiers.

    Args:
        random: features by part, before pretraining.
        frozen: the same after it.

    Returns:
        the accuracies by the probes' names in the report.
    """
    told = {
        "linear probe of random weights": linear_probe(**random),
        "linear probe": linear_probe(**frozen),
        "neighbour probe": neighbour_probe(**frozen),
    }
    for name, figures in told.items():
        tell(f"{name}: validation accuracy {figures['validation accuracy']:.4f}")
    return told


def show_pairs(
    projector: keras.Model, images: np.ndarray, config: ContrastiveConfig, run: Run
) -> float:
    """Adds the similarities of some pairs of views to the run's page.

    Args:
        projector: images to the vectors that are compared.
        images: (n, height, width, channels) uint8, of validation.
        config: hyperparameters.
        run: gets the picture.

    Returns:
        the share of the views of up to 512 images that are most like their twin.
    """
    pairs = PairBatches(images, PAIRED, PAIRED, config.view(images), config.seed)[0][0]
    vectors = [predict_batch(projector, pairs[name]) for name in ("first", "second")]
    found = float(pairs_found(*vectors))
    shown = np.concatenate([part[:SHOWN] for part in vectors])
    shown /= np.maximum(np.linalg.norm(shown, axis=1, keepdims=True), 1e-12)
    count = len(shown) // 2
    write_picture(
        run,
        "similarities",
        similarity_matrix(shown @ shown.T),
        "Similarities of pairs",
        f"Two views each of {count} validation images: the first views, then the second ones in "
        f"the same order. The lines beside the diagonal, {count} images apart, are the pairs: "
        f"{found:.0%} of the views of {len(pairs['first'])} images are most like their twin.",
    )
    return found


def show_features(
    features: Features, classes: tuple[str, ...], seed: int, run: Run, title: str
) -> None:
    """Adds the features of validation images, as neighbours in a plane, to the run's page."""
    points, rows = neighbourhoods(features.vectors, seed)
    write_picture(
        run,
        "features",
        projection(points, features.labels[rows], classes),
        title,
        f"The features of {len(rows)} validation images, laid into a plane so that neighbours stay "
        "near (t-SNE). Colours are classes.",
    )
