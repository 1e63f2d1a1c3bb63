"""The rows of an account: what each model of a run reaches, costs and lost against the original."""

from collections.abc import Mapping, Sequence
from typing import Any

from kerastc import formatting
from kerastc.deploy.sessions import FORMATS
from kerastc.outputs.classes.predictions import Predictions
from kerastc.report.record import RunRecord
from kerastc.scores.bootstrap import mean_interval, paired_difference
from kerastc.scores.pairs import Judged, least_differences, row_losses
from kerastc.scores.recommendation import same_rows

PARTS = ("validation", "test")
FIGURES = (
    "rows",
    "loss",
    "loss_interval",
    "accuracy",
    "accuracy_interval",
    "macro_f1",
    "macro_f1_interval",
    "agreement",
    "difference",
    "difference_interval",
    "least_difference",
)
COSTS = (
    "parameters",
    "bytes",
    "gzip_bytes",
    "latency_p50_ms",
    "latency_p95_ms",
    "latency_spread_ms",
    "peak_memory_bytes",
    "seconds",
)


def model_rows(
    chain: Sequence[RunRecord], reference: Mapping[str, Predictions | None]
) -> list[dict[str, Any]]:
    """A row for each LiteRT and ONNX file of a run, or one where it has none.

    Args:
        chain: the run, then its ancestors; the original last.
        reference: the original's predictions of each part.

    Returns:
        dicts: `model` (its steps), `folder`, `steps`, `state`, `judged_on` (the part whose figures
        count), `comparable` (measured on the original's data), `predicted` (whether its figures are
        those of the run's own predictions), `file`, `format`, `quantization`, `threads`, `batch`,
        `length`, `machine`, `validation` and `test` (each of `FIGURES`), and `COSTS`. What is not
        known is None, as is `least_difference`, which `add_bounds` gives.
    """
    record, original = chain[0], chain[-1]
    steps = [step for ancestor in reversed(chain[:-1]) for step in ancestor.steps]
    fingerprints = {r.data.get("fingerprint") for r in (record, original)} - {None}
    others = dict.fromkeys(PARTS) if record is original else reference
    figures = {part: _figures(record, others[part], part) for part in PARTS}
    judged_on = "validation" if original.data.get("folds") else "test"
    if judged_on == "validation":  # what there is of test rows, other models have said
        figures["test"] = dict.fromkeys(FIGURES)
    files = _files(record)
    rows = []
    for file in files or [{}]:
        stands = not file or len(files) == 1 or _predicted(record, file)
        measured = figures if stands else _of_file(file, record is original)
        name = " ".join(steps) or ("original" if record is original else record.folder.name)
        rows.append(
            {
                "model": _name(name, file, stands),
                "folder": str(record.folder),
                "steps": steps,
                "state": "finished" if record.finished else "not finished",
                "judged_on": judged_on,
                "comparable": len(fingerprints) < 2
                and formatting.finite(measured[judged_on]["accuracy"]) is not None,
                "predicted": stands,
                **{key: file.get(key) for key in ("file", "format", "quantization", "threads")},
                **{key: file.get(key) for key in ("batch", "length", "machine")},
                **measured,
                **_costs(chain, file),
            }
        )
    return rows


def add_bounds(
    rows: Sequence[dict[str, Any]],
    records: Mapping[str, RunRecord],
    reference: Predictions | None,
    part: str,
) -> None:
    """Adds `least_difference` to the figures of a part: 95 % for all models at once.

    Args:
        rows: of `model_rows`, changed here.
        records: by folder.
        reference: the original's predictions of the part.
        part: that decides.
    """
    if reference is None:
        return
    known = dict.fromkeys(row["folder"] for row in rows if row[part]["difference"] is not None)
    found = [Judged.of(records[folder].predictions_of(part)) for folder in known]
    bounds = dict(
        zip(known, least_differences("accuracy", Judged.of(reference), found), strict=True)
    )
    for row in rows:
        if row["predicted"]:  # other files of the original lose nothing, either
            row[part]["least_difference"] = bounds.get(row["folder"], None if row["steps"] else 0.0)


def _name(run: str, file: Mapping[str, Any], stands: bool) -> str:
    """A run's name is that of its LiteRT file, too, where that computes what the run does."""
    if file.get("format") == "onnx":
        return f"{run}, onnx"
    return run if stands else f"{run}, {file.get('quantization')}"


def _files(record: RunRecord) -> list[dict[str, Any]]:
    """The files with what their signatures say and what was measured, by their names.

    Of several measurements of a file that with the fewest threads counts; none does that is of
    another size than the file, which was exported again since.
    """
    found = {
        f"exports/{signature['file']}": {
            key: signature.get(key) for key in ("format", "quantization", "parameters", "bytes")
        }
        for signature in record.signatures
        if signature.get("format") in FORMATS and "file" in signature
    }
    sizes = {name: file["bytes"] for name, file in found.items()}
    entries = [entry for entry in record.benchmark if entry.get("format") in FORMATS]
    for entry in sorted(entries, key=lambda entry: -(entry.get("threads") or 1)):
        name = str(entry.get("file"))
        if sizes.get(name) in (None, entry.get("bytes")):
            found[name] = entry
    order = sorted(found, key=lambda name: (found[name]["format"] != "litert", name))
    return [{**found[name], "file": name} for name in order]


def _predicted(record: RunRecord, file: Mapping[str, Any]) -> bool:
    """Whether the run's predictions are those of this one of its files.

    A run whose last step quantizes was measured with its file, any other with its Keras model,
    whose outputs a float32 file has.
    """
    if record.steps and record.steps[-1].split(":")[0] == "quantize":
        return file["file"] == "exports/model.tflite"
    return file.get("quantization") == "float32"


def _figures(record: RunRecord, reference: Predictions | None, part: str) -> dict[str, Any]:
    """What the run's own predictions reach, and how they stand to the original's."""
    metrics = record.metrics.get(part) or {}
    intervals = metrics.get("intervals") or {}
    figures = dict.fromkeys(FIGURES) | {key: metrics.get(key) for key in ("rows", "loss")}
    for key in ("accuracy", "macro_f1"):
        figures |= {key: metrics.get(key), f"{key}_interval": intervals.get(key)}
    predictions = record.predictions_of(part) if metrics else None
    if predictions is None:
        return figures
    figures["loss_interval"] = mean_interval(row_losses(predictions))
    if reference is None or not same_rows(predictions, reference):
        return figures
    difference, interval = paired_difference(
        predictions.predicted == predictions.labels, reference.predicted == reference.labels
    )
    return figures | {
        "agreement": float((predictions.predicted == reference.predicted).mean()),
        "difference": difference,
        "difference_interval": interval,
    }


def _of_file(file: Mapping[str, Any], of_original: bool) -> dict[str, dict[str, Any]]:
    """The figures of a file that the benchmark alone has run; none on rows it was learned from."""
    known = () if file.get("learned_from") else FIGURES
    found = dict.fromkeys(FIGURES) | {key: file[key] for key in known if key in file}
    if not of_original:  # the benchmark's agreement is with the Keras model of the same run
        found["agreement"] = None
    part = "validation" if file.get("part") == "validation" else "test"
    return {name: dict.fromkeys(FIGURES) for name in PARTS} | {part: found}


def _costs(chain: Sequence[RunRecord], file: Mapping[str, Any]) -> dict[str, Any]:
    record = chain[0]
    latency = file.get("latency_ms") or {}
    training = record.metrics.get("training") or {}
    steps = [step for ancestor in chain[:-1] for step in ancestor.compression.get("steps") or []]
    parameters = file.get("parameters")
    if parameters is None:
        ours = record.compression.get("steps") or []
        parameters = ours[-1]["parameters"][1] if ours else training.get("parameters")
    known = [step["seconds"] for step in steps]
    return {
        "parameters": parameters,
        "bytes": file.get("bytes"),
        "gzip_bytes": file.get("gzip_bytes"),
        "latency_p50_ms": latency.get("p50"),
        "latency_p95_ms": latency.get("p95"),
        "latency_spread_ms": file.get("spread_ms"),
        "peak_memory_bytes": file.get("peak_memory_bytes"),
        # Of the original its training, of the others what their steps took since.
        "seconds": (sum(known) if known else None) if chain[1:] else training.get("seconds"),
    }
