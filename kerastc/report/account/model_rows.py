"""The rows of an account: each model's figures, costs and losses against the original."""

from collections.abc import Mapping, Sequence
from typing import Any

from kerastc import formatting, run_data
from kerastc.deploy.run.sessions import FORMATS
from kerastc.outputs.output import Output
from kerastc.report.output_page import PARTS
from kerastc.report.record import RunRecord
from kerastc.scores.bootstrap import mean_interval
from kerastc.scores.figures import Answered
from kerastc.scores.pairs import Judged, difference, least_differences
from kerastc.scores.recommendation import same_rows

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


def figure_names(output: Output) -> tuple[str, ...]:
    """The names of a part's values: figures of the task, and comparisons."""
    figures = sorted(output.figures, key=lambda one: one.higher)  # losses first
    names = (name for one in figures for name in (one.name, f"{one.name}_interval"))
    compared = ("agreement", "difference", "difference_interval", "least_difference")
    return ("rows", *names, *compared)


def model_rows(
    chain: Sequence[RunRecord], reference: Mapping[str, Answered | None]
) -> list[dict[str, Any]]:
    """A row for each LiteRT and ONNX file of a run, or one if it has none.

    Args:
        chain: the run, then its ancestors; the original last.
        reference: the original's predictions of each part.

    Returns:
        dicts: `model` (its steps), `folder`, `steps`, `state`, `judged_on` (the part whose figures
        count), `comparable` (measured on the original's data), `predicted` (whether its figures are
        those of the run's own predictions), `file`, `format`, `quantization`, `threads`, `batch`,
        `length`, `machine`, `validation` and `test` (each of `figure_names`), and `COSTS`. What is
        not known is None, as is `least_difference`, which `add_bounds` sets.
    """
    record, original = chain[0], chain[-1]
    steps = [step for ancestor in reversed(chain[:-1]) for step in ancestor.steps]
    fingerprints = {r.data.get("fingerprint") for r in (record, original)} - {None}
    others = dict.fromkeys(PARTS) if record is original else reference
    names, main = figure_names(original.output), original.output.main
    figures = {part: _figures(record, original, others[part], part) for part in PARTS}
    judged_on = run_data.judged_on(original.data)
    if judged_on == "validation":  # after folds its test figures are those of other models
        figures["test"] = dict.fromkeys(names)
    files = _files(record)
    rows = []
    for file in files or [{}]:
        stands = not file or len(files) == 1 or _predicted(record, file)
        measured = figures if stands else _of_file(file, record is original, names)
        name = " ".join(steps) or ("original" if record is original else record.folder.name)
        rows.append(
            {
                "model": _name(name, file, stands),
                "folder": str(record.folder),
                "steps": steps,
                "state": "finished" if record.finished else "not finished",
                "judged_on": judged_on,
                "comparable": len(fingerprints) < 2
                and formatting.finite(measured[judged_on][main.name]) is not None,
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
    reference: Judged | None,
    part: str,
) -> None:
    """Adds `least_difference` to the figures of a part: 95 % for all models at once.

    Args:
        rows: of `model_rows`, changed here.
        records: by folder.
        reference: the original's predictions for the part.
        part: that decides.
    """
    if reference is None:
        return
    known = dict.fromkeys(row["folder"] for row in rows if row[part]["difference"] is not None)
    output = reference.output
    found = [Judged(output, records[folder].predictions_of(part)) for folder in known]
    bounds = dict(zip(known, least_differences(output.main, reference, found), strict=True))
    for row in rows:
        if row["predicted"]:  # other files of the original lose nothing, either
            row[part]["least_difference"] = bounds.get(row["folder"], None if row["steps"] else 0.0)


def _name(run: str, file: Mapping[str, Any], stands: bool) -> str:
    """The run's name, also for a LiteRT file that computes what the run does."""
    if file.get("format") == "onnx":
        return f"{run}, onnx"
    return run if stands else f"{run}, {file.get('quantization')}"


def _files(record: RunRecord) -> list[dict[str, Any]]:
    """The files with their signatures' fields and their measurements, by name.

    Of several measurements of a file the one with the fewest threads counts. One of a different
    size does not count: the file was exported again since.
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
    """Whether the run's predictions are those of this file.

    A run whose last step quantizes was measured with its file, any other with its Keras model,
    whose outputs a float32 file has.
    """
    if record.steps and record.steps[-1].split(":")[0] == "quantize":
        return file["file"] == "exports/model.tflite"
    return file.get("quantization") == "float32"


def _figures(
    record: RunRecord, original: RunRecord, reference: Answered | None, part: str
) -> dict[str, Any]:
    """The figures of the run's own predictions, and their comparison with the original's."""
    output = original.output
    metrics = record.metrics.get(part) or {}
    intervals = metrics.get("intervals") or {}
    figures = dict.fromkeys(figure_names(output)) | {"rows": metrics.get("rows")}
    for one in output.figures:
        figures |= {one.name: metrics.get(one.name)}
        figures |= {f"{one.name}_interval": intervals.get(one.name)}
    predictions = record.predictions_of(part) if metrics else None
    if predictions is None:
        return figures
    said = Judged(output, predictions)
    for one in output.figures:
        if one.mean and one.name not in intervals:
            figures[f"{one.name}_interval"] = mean_interval(said.counts(one)[:, 0])
    if reference is None or record.labels != original.labels:
        return figures
    if not same_rows(predictions, reference):
        return figures
    before = Judged(output, reference)
    lost, interval = difference(output.main, [(said, before)], distinct=True)
    return figures | {
        "agreement": output.same(predictions.answers, reference.answers),
        "difference": lost,
        "difference_interval": interval,
    }


def _of_file(
    file: Mapping[str, Any], of_original: bool, names: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """The figures of a file that only the benchmark has run; none on its training rows."""
    known = () if file.get("learned_from") else names
    found = dict.fromkeys(names) | {key: file[key] for key in known if key in file}
    if not of_original:  # the benchmark's agreement is with the Keras model of the same run
        found["agreement"] = None
    part = "validation" if file.get("part") == "validation" else "test"
    return {name: dict.fromkeys(names) for name in PARTS} | {part: found}


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
        # For the original its training, for the others their steps since.
        "seconds": (sum(known) if known else None) if chain[1:] else training.get("seconds"),
    }
