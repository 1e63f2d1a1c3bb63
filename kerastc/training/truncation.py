"""What a model gains by reading whole documents: the same head on their first tokens alone."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from kerastc.files import make_folder
from kerastc.models import Encoder
from kerastc.outputs.output import Answers
from kerastc.progress import tell
from kerastc.run import Run
from kerastc.scores.figures import Figure
from kerastc.training.config import FineTuningConfig
from kerastc.training.interim import remove_checkpoints
from kerastc.training.split_batches import feature_batches, token_batches
from kerastc.training.task_training import TaskTraining

if TYPE_CHECKING:
    from kerastc.data.splits import Splits

PHASE = "truncated"  # its folder in the run's phases/


def compared(
    answers: Mapping[str, Answers],
    features: keras.Model,
    head: keras.Model,
    encoder: Encoder,
    splits: "Splits",
    config: FineTuningConfig,
    run: Run,
) -> dict[str, Any]:
    """Figures of a model on a frozen encoder, and of one that is trained on truncated documents.

    Both are measured on all documents, and on those that truncation cuts.

    Args:
        answers: of the trained model, by split.
        features: of that model, see `split_at_features`.
        head: as that model's was before it was trained; this trains it.
        encoder: of both.
        splits: the data.
        config: settings of the trained model; `config.truncated` are the other's.
        run: gets a folder for the other training.

    Returns:
        `metrics["method"]`: a table, by what is read, split, and documents.
    """
    short = config.truncated
    tokens = token_batches(splits, encoder, short)
    batches = feature_batches(features, encoder, tokens, short, run)
    inner = Run(run.path("phases", PHASE), run.cache)
    make_folder(inner.folder)
    if not inner.path("config.json").is_file():
        inner.write_json("config.json", {"phase": PHASE})
    keras.utils.set_random_seed(config.seed)
    training = TaskTraining(short, splits.train.classes, inner)
    choice, _ = training.fit(head, batches["train"], batches["validation"])
    others = {"validation": training.decoded(choice.outputs, batches["validation"])}
    if "test" in batches:
        others["test"] = training.asked(head, batches["test"], "Testing on first tokens")
    remove_checkpoints(inner)
    told = {f"windows: {config.windows}": answers, f"first {short.max_tokens} tokens": others}
    rows = []
    for part in others:
        truth, cut = getattr(splits, part).labels, tokens[part].inputs.cut
        for documents, chosen in (("all", np.ones(len(cut), bool)), ("longer", cut)):
            if chosen.any():
                for read, said in told.items():
                    figures = _figures(training, truth[chosen], said[part][chosen])
                    first = {"read": read, "split": part, "documents": documents}
                    rows.append(first | {"rows": int(chosen.sum())} | dict(figures))
    _tell(rows, training.output.main)
    return {"truncation": rows}


def _tell(rows: Sequence[Mapping[str, Any]], figure: Figure) -> None:
    """The validation figures of both, as a line on the terminal."""
    both = [row for row in rows if row["split"] == "validation" and row["documents"] == "all"]
    told = "; ".join(f"{row['read']}, {row[figure.name]:.3f}" for row in both)
    tell(f"Validation {figure.label} by what is read: {told}.")


def _figures(
    training: TaskTraining, truth: np.ndarray, answers: Answers
) -> Iterator[tuple[str, float]]:
    metrics = training.output.metrics(truth, answers)
    for figure in training.output.figures:
        yield figure.name, metrics[figure.name]
