"""Self-training: the model labels unlabelled images, and learns from those it is sure of.

Lee 2013, Pseudo-Label; with weights, a new model each round and noise for the student only, Xie et
al. 2020, Self-training with Noisy Student (algorithm 1). Class-balanced selection: Zou et
al. 2018, section 4.3. Labels drawn to those of similar images: see `kerastc.methods.propagation`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerastc.data import Splits, hidden_labels, require_unlabelled
from kerastc.inputs.image.batches import ImageBatches, training_batches
from kerastc.methods.config import SelfTrainingConfig
from kerastc.methods.features import features_of, training_images
from kerastc.methods.neighbours import unit
from kerastc.methods.phases import join_histories, phase
from kerastc.methods.propagation import propagated
from kerastc.models import encoder_of, head_layers
from kerastc.outputs.classes.head import targets_of
from kerastc.progress import tell
from kerastc.run import Run
from kerastc.scores.softmax import softmax
from kerastc.training.images import Trained, build_classifier, concluded, fit_classifier

APART = 1000  # seeds of teachers are further apart than those of rounds


def self_training(splits: Splits, config: SelfTrainingConfig, run: Run) -> Trained:
    """Trains on the labelled images, then in rounds also on those that the model is sure of.

    The training that is best on validation gives the model; the first ones, on labels alone, are
    round 0. Several of these label together, by the mean of their probabilities: a few networks
    are right more often than one (Lakshminarayanan et al. 2017, Deep Ensembles,
    section 2.4), and the next round learns that. As a committee, the models of all rounds do so.

    Args:
        splits: the labels of the unlabelled images are read at the end, to count how many of the
            chosen ones were right.
        config: hyperparameters.
        run: gets a folder for each round under phases/.
    """
    require_unlabelled(splits)
    model = build_classifier(splits, config)
    encoder = encoder_of(model)  # once: each new one would be compiled again for predicting
    first = model.get_weights()
    rounds, names = [], []
    opinions: list[list[Opinion]] = []
    best: tuple[float, list[np.ndarray]] = (-1.0, first)
    chosen: list[Selection] = []
    for number in range(config.rounds + 1):
        batches = _batches(splits, config, chosen[-1] if chosen else None)
        trained = []
        if not config.committee:
            opinions.clear()
        opinions.append([])
        for name, settings in _trainings(config, number):
            if not number and trained:
                model.set_weights(build_classifier(splits, settings).get_weights())
            elif config.start == "new":
                model.set_weights(first)
            figures = phase(
                run, name, model,
                lambda folder, b=batches, s=settings: _trained(model, b, splits, s, folder),
            )  # fmt: skip
            names.append(name)
            trained.append(figures)
            if figures["validation_accuracy"] > best[0]:
                best = figures["validation_accuracy"], model.get_weights()
            if number < config.rounds:
                opinions[-1].append(_opinion(model, encoder, splits, config))
        taken = len(chosen[-1]) if chosen else 0
        rounds.append({"round": number, "chosen": taken, **_together(trained)})
        tell(f"Round {number}: {taken:,} pseudo-labels, validation accuracy "
             f"{rounds[-1]['validation_accuracy']:.4f}")  # fmt: skip
        if opinions[-1]:
            found = _labels(opinions, splits, config)
            chosen.append(select(found, splits.train.class_counts(), config))
            if not len(chosen[-1]):
                tell(f"No image reached threshold={config.threshold}: the rounds end here.")
                chosen.pop()
                break
    model.set_weights(best[1])
    join_histories(run, names)
    trained = concluded(model, None, _figures(rounds, splits), splits, config, run)
    told = _judged(rounds, chosen, hidden_labels(config, splits))
    trained.method.update({"rounds": told})
    _picture(told, run)
    return trained


def _trainings(config: SelfTrainingConfig, number: int) -> Iterator[tuple[str, SelfTrainingConfig]]:
    """Name and settings of each training of a round, each with its own seed."""
    if number:
        changed = {
            "epochs": config.round_epochs,
            "seed": config.seed + number,
            "learning_rate": config.round_rate or config.learning_rate,
        }
        config = config if config.start == "new" else config.grown
        yield f"round-{number}", config.model_copy(update=changed)
        return
    for teacher in range(config.teachers):
        name = f"round-0-teacher-{teacher + 1}" if teacher else "round-0"
        yield name, config.model_copy(update={"seed": config.seed + APART * teacher})


def _together(trained: list[dict[str, Any]]) -> dict[str, Any]:
    """The figures of a round's trainings as one: sums, and means of accuracy and speed."""
    sums = {name: sum(row[name] for row in trained) for name in ("epochs", "steps", "seconds")}
    names = ("validation_accuracy", "examples_per_second")
    return sums | {name: float(np.mean([row[name] for row in trained])) for name in names}


@dataclass(frozen=True)
class Opinion:
    """A model's predictions for the unlabelled images, and its features.

    Args:
        probabilities: of the classes, (m, classes).
        vectors: features of length 1, of the labelled images and then of the unlabelled ones,
            (n + m, width) float32; None if no neighbours are used.
    """

    probabilities: np.ndarray
    vectors: np.ndarray | None


def _opinion(model, encoder, splits: Splits, config: SelfTrainingConfig) -> Opinion:
    """The mean over an image and its mirror image, if mirroring keeps the class."""
    images = training_images(splits) if config.neighbours else splits.unlabelled.examples
    views = [images, images[:, :, ::-1]] if config.mirrored(images) else [images]
    seen = [features_of(encoder, view) for view in views]
    kernel, bias = head_layers(model)[-1].get_weights()
    unlabelled = slice(len(images) - len(splits.unlabelled), None)
    found = np.mean([softmax(part[unlabelled] @ kernel + bias) for part in seen], axis=0)
    if not config.neighbours:
        return Opinion(found, None)
    vectors = np.mean(seen, axis=0)
    return Opinion(found, unit(vectors - vectors.mean(axis=0)))


def _labels(
    opinions: list[list[Opinion]], splits: Splits, config: SelfTrainingConfig
) -> np.ndarray:
    """Predictions of several rounds' models for the unlabelled images; rounds weigh the same."""
    found = np.mean([np.mean([one.probabilities for one in some], axis=0) for some in opinions], 0)
    if not config.neighbours:
        return found
    # So scaled, cosines of the joint vectors are equally weighted means of the models' cosines.
    vectors = np.concatenate(
        [(len(opinions) * len(some)) ** -0.5 * one.vectors for some in opinions for one in some],
        axis=1,
    )
    return propagated(found, vectors, splits.train.labels, config.neighbours)


class Selection:
    """Unlabelled images with pseudo-labels.

    Args:
        rows: indices of the images, (m,) int.
        probabilities: of the classes, (m, classes) float64.
    """

    def __init__(self, rows: np.ndarray, probabilities: np.ndarray):
        self.rows = rows
        self.probabilities = probabilities

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def labels(self) -> np.ndarray:
        """The pseudo-labels, (m,) int."""
        return self.probabilities.argmax(axis=1)


def select(found: np.ndarray, counts: np.ndarray, config: SelfTrainingConfig) -> Selection:
    """The images whose most probable class reaches the threshold.

    If balanced, a class keeps at most as many as its share of the labelled images allows, the most
    certain first: classes that are rarely chosen limit those that are often chosen.

    Args:
        found: (n, classes) probabilities of the unlabelled images.
        counts: (classes,) labelled images.
        config: threshold and balancing.
    """
    certainty, labels = found.max(axis=1), found.argmax(axis=1)
    rows = np.flatnonzero(certainty >= config.threshold)
    if config.balanced and len(rows):
        share = counts / counts.sum()
        most = np.ceil(share * len(rows)).astype(int)
        kept = [
            of_class[np.argsort(-certainty[of_class], kind="stable")][: most[label]]
            for label in range(len(counts))
            if len(of_class := rows[labels[rows] == label])
        ]
        rows = np.sort(np.concatenate(kept))
    return Selection(rows, found[rows])


def _batches(splits: Splits, config: SelfTrainingConfig, chosen: Selection | None) -> ImageBatches:
    if chosen is None:
        return training_batches(splits.train, config)
    if config.targets == "soft":
        sure = np.eye(len(splits.train.classes))[splits.train.labels]
        targets = np.concatenate([sure, chosen.probabilities]).astype("float32")[:, None]
    else:
        targets = targets_of(np.concatenate([splits.train.labels, chosen.labels]))
    certain = config.weighting == "certainty"
    chosen_weights = chosen.probabilities.max(axis=1) if certain else np.ones(len(chosen))
    weights = [np.full(len(splits.train), config.labelled_weight), chosen_weights]
    images = np.concatenate([splits.train.examples, splits.unlabelled.examples[chosen.rows]])
    times = -(-config.least_images // len(images))
    return ImageBatches(
        images,
        targets,
        config.batch_size,
        np.concatenate(weights).astype("float32"),
        config.seed,
        rows=np.tile(np.arange(len(images)), times),
        augment=config.policy(images),
        mixture=config.mixture,
    )  # fmt: skip


def _picture(told: list[dict[str, Any]], run: Run) -> None:
    from kerastc.report import rounds, write_picture

    write_picture(
        run,
        "rounds",
        rounds(
            {"pseudo-labels": [row["pseudo-labels"] for row in told]},
            {
                name: [np.nan if row[name] is None else row[name] for row in told]
                for name in ("right", "validation accuracy")
            },
            first=0,
        ),
        "Rounds",
        "How many images each round took, how many of their pseudo-labels were right, and the "
        "accuracy on validation after it.",
    )


def _trained(model, batches, splits, config, folder: Run) -> dict[str, Any]:
    choice, figures = fit_classifier(model, batches, splits, config, folder)
    return {"validation_accuracy": choice.figures["accuracy"], **figures}


def _figures(rounds: list[dict[str, Any]], splits: Splits) -> dict[str, float]:
    """The training as a whole."""
    sums = {name: sum(row[name] for row in rounds) for name in ("epochs", "steps")}
    return {
        **sums,
        "seconds": round(sum(row["seconds"] for row in rounds), 3),
        "examples_per_second": rounds[-1]["examples_per_second"],
        "images": len(splits.train) + len(splits.unlabelled),
    }


def _judged(
    rounds: list[dict[str, Any]], chosen: list[Selection], truth: np.ndarray
) -> list[dict[str, Any]]:
    """A row per round, with the share of its pseudo-labels that were right."""
    told = []
    for row in rounds:
        selection = chosen[row["round"] - 1] if row["round"] else None
        right = None
        if selection is not None:
            known = truth[selection.rows] >= 0  # others have no labels
            if known.any():
                right = float((selection.labels == truth[selection.rows])[known].mean())
        told.append(
            {
                "round": row["round"],
                "pseudo-labels": row["chosen"],
                "right": right,
                "validation accuracy": row["validation_accuracy"],
                "epochs": row["epochs"],
                "seconds": row["seconds"],
            }
        )
    return told
