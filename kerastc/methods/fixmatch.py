"""FixMatch: a strongly augmented image should get the label of its weakly augmented twin.

Sohn et al. 2020, FixMatch, eqs. 3 and 4, with the flexible thresholds of Zhang et al. 2021,
FlexMatch, eqs. 5 to 10. The labels come from a moving average of the weights (Tarvainen and Valpola
2017), which runs in inference: that costs a third of a training pass. A short supervised training
comes first: from random weights, most of the time would pass before any label is certain. If it is
long and ends with small steps on images of full size, the rest begins with both (`supervised_rate`,
`ImageClassifierConfig.grown`): a high rate and small images would undo it.
"""

from typing import Any

import keras
from keras import ops

from kerastc.data import Splits, hidden_labels, require_unlabelled
from kerastc.inputs.image.batches import Beside, training_batches
from kerastc.methods.config import FixMatchConfig
from kerastc.methods.phases import phase
from kerastc.run import Run
from kerastc.training.images import (
    Trained,
    build_classifier,
    concluded,
    fit_classifier,
    fit_images,
    probabilities,
)
from kerastc.training.learner import Learner
from kerastc.training.seeding import seed_all


def fixmatch(splits: Splits, config: FixMatchConfig, run: Run) -> Trained:
    """Trains on labelled images and on unlabelled ones whose label is certain, in one pass.

    Args:
        splits: the labels of the unlabelled images are read at the end, for the report alone.
        config: hyperparameters.
        run: gets history and checkpoints, and the supervised beginning under phases/.
    """
    require_unlabelled(splits)
    model = build_classifier(splits, config)
    before = {}
    if config.supervised_epochs:
        before = phase(
            run, "supervised", model, lambda folder: _supervised(model, splits, config, folder)
        )
    rest = config.grown if before else config
    seed_all(model, config.seed)
    learner = FixMatch(model, len(splits.unlabelled), len(splits.train.classes), config)
    images = splits.unlabelled.examples
    views = {name: config.policy(images, getattr(config, name)) for name in ("weak", "strong")}
    labelled = training_batches(splits.train, config)
    batches = FixMatchBatches(labelled, images, config.ratio, views)
    choice, figures = fit_images(learner, batches, splits, rest, run)
    figures["seconds"] = round(figures["seconds"] + before.get("seconds", 0.0), 3)
    figures["images"] = len(splits.train) + len(splits.unlabelled)
    policies = (config.weak, config.strong)
    trained = concluded(model, choice, figures, splits, config, run, policies=policies)
    found = probabilities(model, images, "Looking back")
    truth = hidden_labels(config, splits)
    certain = found.max(axis=1) >= config.threshold
    known = truth >= 0  # others have no labels
    certain, right = certain[known], found.argmax(axis=1)[known] == truth[known]
    trained.method.update(
        {
            "supervised": {"validation_accuracy": before.get("validation_accuracy")},
            "unlabelled": {
                "accuracy": float(right.mean()) if len(right) else None,
                "certain": float(certain.mean()) if len(right) else None,
                "right of the certain": float(right[certain].mean()) if certain.any() else None,
            },
        }
    )
    return trained


class FixMatchBatches(Beside):
    """Batches that also name the rows of their unlabelled images."""

    def __getitem__(self, index: int):
        inputs, *rest = super().__getitem__(index)
        rows = self.order[index * self.size : (index + 1) * self.size]
        return (inputs | {"rows": rows.astype("int32")}, *rest)


class FixMatch(Learner):
    """Adds the cross-entropy of strongly augmented images with the labels of their weak twins.

    Args:
        classifier: images to logits.
        rows: how many unlabelled images there are.
        classes: how many there are.
        config: hyperparameters.
    """

    def __init__(self, classifier: keras.Model, rows: int, classes: int, config: FixMatchConfig):
        super().__init__(classifier, config.average, ("consistency", "certain"))
        self.classes = classes
        self.threshold = config.threshold
        self.flexible = config.flexible
        self.weight = config.consistency
        # The label that each image had when it was last certain; `classes` where it never was.
        self.last = self.add_weight(
            (rows,), keras.initializers.Constant(classes), "int32", trainable=False, name="last"
        )

    def learn(self, inputs):
        # One pass, so that the norms see both kinds of images.
        images = ops.concatenate([inputs["images"], inputs["strong"]])
        logits = self.resizable(images, training=True)
        labelled = ops.shape(inputs["images"])[0]
        return {"logits": logits[:labelled], "strong": logits[labelled:]}

    def further(self, inputs, outputs):
        teacher = self.average.resizable(inputs["weak"], training=False)
        found = ops.stop_gradient(ops.softmax(ops.cast(teacher, "float32")))
        certainty, labels = ops.max(found, axis=-1), ops.argmax(found, axis=-1)
        least = self.threshold * ops.take(self.learned(), labels)
        certain = ops.cast(certainty >= least, "float32")
        self._remember(inputs["rows"], ops.cast(labels, "int32"), certainty)
        losses = ops.sparse_categorical_crossentropy(
            labels, ops.cast(outputs["strong"], "float32"), from_logits=True
        )
        self.terms["certain"].update_state(ops.mean(certain))
        return {"consistency": self.weight * ops.mean(certain * losses)}

    def learned(self):
        """How well each class is learned, (classes,) from 0 to 1; FlexMatch, eqs. 6, 7 and 10.

        While most images were never certain, their number is in the denominator, so that no class
        counts as well learned because of a few (its warm-up, eq. 8 onwards).
        """
        if not self.flexible:
            return ops.ones((self.classes,))
        counts = ops.sum(ops.one_hot(self.last, self.classes + 1, dtype="float32"), axis=0)
        share = counts[: self.classes] / ops.maximum(ops.max(counts), 1.0)
        return share / (2.0 - share)

    def _remember(self, rows, labels, certainty):
        """Records the labels that are certain by the full threshold."""
        old = ops.take(self.last, rows)
        new = ops.where(certainty >= self.threshold, labels, old)
        indices = ops.expand_dims(ops.cast(rows, "int32"), -1)
        self.last.assign(ops.scatter_update(ops.convert_to_tensor(self.last), indices, new))


def _supervised(model, splits, config, folder: Run) -> dict[str, Any]:
    changed = {
        "epochs": config.supervised_epochs,
        "learning_rate": config.supervised_rate or config.learning_rate,
    }
    settings = config.model_copy(update=changed)
    batches = training_batches(splits.train, settings)
    choice, figures = fit_classifier(model, batches, splits, settings, folder)
    return {"validation_accuracy": choice.figures["accuracy"], **figures}
