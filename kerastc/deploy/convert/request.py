"""A request for an export: checked before any work, its defaults filled in."""

from collections.abc import Sequence
from pathlib import Path

from kerastc.capabilities import Capability
from kerastc.deploy.convert.in_tensorflow import Request
from kerastc.deploy.convert.litert import EXCLUDING, QUANTIZATIONS
from kerastc.deploy.signature import Signature, beside
from kerastc.errors import UserError, nearest
from kerastc.inputs.input import OWN
from kerastc.run import Run
from kerastc.tasks import TASKS, Task, task_of

FOLDER = "exports"
# Of encoders, which other libraries load; they are no programs.
FOLDERS = {"huggingface": "huggingface", "keras-hub": "keras-hub"}
FILES = {"litert": "model.tflite", "onnx": "model.onnx", "saved_model": "saved_model", **FOLDERS}


def checked(
    run: Run,
    format: str,
    batch: int | None,
    length: int | Sequence[int] | None,
    quantization: str | None,
    exclude: Sequence[str],
    names: str = "keras",
) -> Request:
    """What `export` will do, with defaults filled in; arguments and errors as there."""
    if format not in FILES:
        raise UserError(
            f"format={format} is not known.",
            f"{nearest(format, FILES)} Allowed: {', '.join(FILES)}.".lstrip(),
        )
    task = task_of(run)
    if format not in FOLDERS:
        instead = "Or export the encoder: --format huggingface or keras-hub."
        task.refuse(run, f"exported to {format}", instead)
    if not run.path("model.keras").is_file():
        raise UserError(
            f"{run.path('model.keras')} is missing: the run is {run.standing()}.",
            run.how_to_go_on,
        )
    if format in FOLDERS:
        given = {"batch": batch, "length": length, "exclude": " ".join(exclude) or None}
        given |= {"quantization": quantization, "names": None if names == OWN else names}
        _check_folder(run, task, format, given)
        return Request(str(run.folder), format, None, None, "float32", ())
    quantization = _quantization(run, format, quantization)
    if quantization == "int4-tables" and Capability.TOKENS not in task.capabilities:
        raise UserError(
            f"{run.folder} is of {task.units}: its model has no tables of embeddings, and "
            "int4-tables would quantise nothing more than int8 does.",
            "Take int8.",
        )
    if exclude and quantization not in EXCLUDING:
        raise UserError(
            f"exclude has no effect with {quantization}: nothing is left out there.",
            f"Use it with --quantization {', '.join(EXCLUDING)}.",
        )
    _check_names(task, format, names)
    if batch is None:
        batch = 1 if format == "litert" else 0
    if batch < 0:
        raise UserError(f"batch={batch} is not allowed.", "Give 1 or more, or any.")
    lengths = _lengths(run, task, format, length)
    if format == "litert" and lengths == () and not batch:
        raise UserError(
            "LiteRT cannot leave both batch and length open.", "Fix one: --batch 1, for example."
        )
    return Request(
        str(run.folder), format, batch or None, lengths, quantization, tuple(exclude), names
    )


def _check_folder(run: Run, task: Task, format: str, given: dict[str, object]) -> None:
    """Refuses what is no folder of an encoder's weights."""
    for name, value in given.items():
        if value not in (None, "float32"):
            raise UserError(
                f"{name}={value} has no effect with --format {format}, which writes the weights as "
                "they are.",
                f"Leave --{name} out.",
            )
    if not task.input.least:
        raise UserError(
            f"{run.folder} is of {task.units}: it has no text encoder, which is what --format "
            f"{format} writes.",
            f"Take another: --format {', '.join(name for name in FILES if name not in FOLDERS)}",
        )
    if _quantized_itself(run):
        raise UserError(
            f"{run.folder} was compressed to {run.steps[-1]}: its figures are those of its "
            f"{FOLDER}/{FILES['litert']}, and --format {format} has no such numbers.",
            f"Export the run that it was made of: {run.parent['run']}",
        )


def _check_names(task: Task, format: str, names: str) -> None:
    units: dict[str, list[str]] = {}  # of the inputs that have a scheme of names
    for each in TASKS.values():
        for scheme in each.input.names:
            units.setdefault(scheme, []).append(each.units)
    if names not in units:
        raise UserError(
            f"names={names} is not known.",
            f"{nearest(names, units)} Allowed: {', '.join(units)}.".lstrip(),
        )
    if names != OWN and (format != "onnx" or names not in task.input.names):
        having = " and ".join(dict.fromkeys(units[names]))
        raise UserError(
            f"names={names} is for ONNX files of {having}; this is a {format} file of "
            f"{task.units}.",
            "Leave it out, or write ONNX: --format onnx",
        )


def file_name(run: Run, format: str, quantization: str) -> str:
    """The name of an export's file in RUN/exports."""
    plain = Path(FILES[format])
    if quantization == "float32" or _quantized_itself(run):
        return plain.name
    return f"{plain.stem}-{quantization}{plain.suffix}"


def _quantized_itself(run: Run) -> bool:
    """Whether the run's figures are those of its quantized file."""
    return bool(run.steps) and run.steps[-1].startswith("quantize")


def _lengths(
    run: Run, task: Task, format: str, asked: int | Sequence[int] | None
) -> tuple[int, ...] | None:
    """In ascending order; empty for an open length, None if rows have no length."""
    if not task.input.least:
        if asked is not None:
            raise UserError(
                f"{run.folder} is of {task.units}, which have no length in tokens.",
                "Leave --length out.",
            )
        return None
    if asked is None and format == "onnx":
        return ()
    if asked is None:
        usual = task.input.usual_lengths(run.read_json("preprocessing.json"))
        asked = usual if format == "litert" else usual[-1:]
    lengths = (asked,) if isinstance(asked, int) else tuple(sorted(set(asked)))
    if lengths == (0,):
        return ()
    least = task.input.least
    if wrong := [length for length in lengths if length < least]:
        raise UserError(
            f"length={wrong[0]} is not allowed: a {task.unit} takes at least {least} tokens, "
            "those around it included.",
            f"Give {least} or more, or any alone.",
        )
    if len(lengths) > 1 and format != "litert":
        raise UserError(
            f"{format} takes one length.",
            "Leave it open, --length any, or write a LiteRT file: --format litert",
        )
    return lengths


def _quantization(run: Run, format: str, given: str | None) -> str:
    """The requested one, or that of the run's own compression."""
    own = ""
    if _quantized_itself(run):
        path = beside(run.path(FOLDER, FILES["litert"]))
        own = Signature.read(path).quantization if path.is_file() else ""
    if format != "litert":
        if given not in (None, "float32"):
            raise UserError(
                f"quantization={given} is not possible in {format}.",
                "LiteRT files can be quantised: --format litert",
            )
        return "float32"
    if given not in (None, *QUANTIZATIONS):
        raise UserError(
            f"quantization={given} is not known.",
            f"{nearest(given, QUANTIZATIONS)} Allowed: {', '.join(QUANTIZATIONS)}.".lstrip(),
        )
    if own and given not in (None, own):
        raise UserError(
            f"{run.folder} was compressed to {own}, and its figures are those of its "
            f"{FOLDER}/{FILES['litert']}; a {given} file would take its place.",
            f"Export the run that it was made of: {run.parent['run']}",
        )
    return given or own or "float32"
