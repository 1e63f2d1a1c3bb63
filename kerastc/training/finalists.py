"""The best checkpoints, evaluated once more on all validation rows; the best of them is kept.

During training, evaluations are frequent and may use a sample of the validation rows. The best of
many evaluations on a small sample was also lucky; so all rows decide between the best.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import keras
import numpy as np

from kerastc.outputs.judge import ON_VALIDATION, Judge
from kerastc.outputs.output import Figure
from kerastc.processes.exchange import first_arrays
from kerastc.run import Run
from kerastc.training.batching import Batches
from kerastc.training.callbacks import epochs_of
from kerastc.training.checkpoints import assign_weights, read_weights
from kerastc.training.predicting import predict
from kerastc.training.stopping import ranked


@dataclass(frozen=True)
class Choice:
    """The result of `choose`.

    Args:
        name: the chosen candidate: "step N", or "mean of K".
        step: the chosen step; for a mean that of its best member.
        outputs: of the chosen weights for all validation rows, (rows, ...) float32.
        figures: their scores.
        table: a row per candidate, measured on all validation rows; empty if there was one.
        rule: how the choice was made, as a sentence.
    """

    name: str
    step: int
    outputs: np.ndarray
    figures: dict[str, float]
    table: list[dict]
    rule: str


def choose(
    model: keras.Model,
    run: Run,
    steps: list[int],
    validation: Batches,
    judge: Judge,
    by: Figure,
    steps_per_epoch: int,
) -> Choice:
    """Leaves the best candidate's weights in the model: a checkpoint, or the mean of them all.

    The mean of weights along one training is often better than each (Izmailov et al. 2018,
    Averaging Weights Leads to Wider Optima and Better Generalization, algorithm 1).

    Args:
        model: the model of the checkpoints.
        run: the run of the checkpoints.
        steps: the candidates, the best so far first.
        validation: all validation rows, as the data have them.
        judge: scores outputs.
        by: the deciding column of the history; on a tie the smaller step, the mean last.
        steps_per_epoch: for the table.
    """
    paths = run.checkpoints()
    candidates = [(f"step {step}", step) for step in sorted(steps)]
    if len(steps) > 1:
        candidates.append((f"mean of {len(steps)}", steps[0]))
    table, outputs, figures = [], {}, {}
    for name, step in candidates:
        assign_weights(model, first_arrays(partial(_weights, name, step, paths, steps)))
        outputs[name] = predict(model, validation, f"Validating {name}", judge.reduced)
        figures[name] = judge.final(outputs[name], validation.targets, validation.inputs)
        epoch = epochs_of(step, steps_per_epoch)
        table.append({"checkpoint": name, "step": step, "epoch": epoch} | figures[name])
    measure = Figure(by.name.removeprefix(ON_VALIDATION), by.higher)
    chosen = table[ranked(table, measure)[0]]
    name, step = chosen["checkpoint"], chosen["step"]
    if chosen is not table[-1]:
        assign_weights(model, first_arrays(partial(_weights, name, step, paths, steps)))
    for row in table:
        row["chosen"] = row is chosen
    rule = (
        f"Of the {len(steps)} best checkpoints on the way and the mean of their weights, the "
        f"{'highest' if by.higher else 'least'} {measure.name} on all "
        f"{len(validation.targets):,} validation rows; on a tie the earlier."
    )
    shown = table if len(steps) > 1 else []
    return Choice(name, step, outputs[name], figures[name], shown, rule)


def as_it_is(model: keras.Model, validation: Batches, judge: Judge) -> Choice:
    """The choice where nothing was trained; arguments as in `choose`."""
    outputs = predict(model, validation, "Validating", judge.reduced)
    figures = judge.final(outputs, validation.targets, validation.inputs)
    return Choice("step 0", 0, outputs, figures, [], "")


def _weights(name: str, step: int, paths: dict[int, Path], steps: list[int]) -> dict:
    """A candidate's variables: those of its checkpoint, or the mean of all candidates."""
    weights = read_weights(paths[step])
    if not name.startswith("mean"):
        return weights
    real = [key for key, value in weights.items() if np.issubdtype(value.dtype, np.floating)]
    mean = {key: weights[key] / weights[key].dtype.type(len(steps)) for key in real}
    for other in set(steps) - {step}:
        part = read_weights(paths[other])
        for key in real:
            mean[key] += part[key] / part[key].dtype.type(len(steps))
    return weights | mean  # seeds and counters have no mean
