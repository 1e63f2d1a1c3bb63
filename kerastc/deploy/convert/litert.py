"""A SavedModel to a LiteRT file, in float32 or quantised. Runs in a TensorFlow process."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kerastc.deploy.signature import SERVE, Tensor
from kerastc.errors import UserError

if TYPE_CHECKING:
    from kerastc.deploy.convert.litert_file import Operator

QUANTIZATIONS = ("float32", "float16", "int8", "int8-static", "int4-tables", "int4")
EXCLUDING = ("int8", "int8-static", "int4-tables", "int4")
# XNNPACK has fast kernels for these; everything between them stays in float32. Softmax and
# normalisation in eight bits, as in TensorFlow's full-integer mode, ruin a transformer.
MULTIPLIES = ("FULLY_CONNECTED", "CONV_2D")
LOOK_UP = "EMBEDDING_LOOKUP"


def convert(
    saved_model: Path,
    quantization: str = "float32",
    calibration: Mapping[str, np.ndarray] | None = None,
    exclude: Sequence[str] = (),
    signatures: Sequence[str] = (SERVE,),
) -> bytes:
    """Converts a SavedModel's signatures to LiteRT, with LiteRT's own operators only.

    float16: weights in half precision; computed in float32 on most CPUs.
    int8: kernels and tables in eight bits, activations quantised on the fly at each call.
    int8-static: as int8, but the ranges of activations are fixed by calibration.
    int4-tables: as int8, but tables in four bits, with one scale per 64 numbers of a row.
    int4: kernels (one scale per output) and tables in four bits, activations in eight at each call.

    Four-bit weights are clipped for the least squared error (OCTAV: Sakr et al. 2022,
    Optimal Clipping and Magnitude-aware Differentiation, section 3).

    Args:
        saved_model: the folder.
        quantization: one of `QUANTIZATIONS`.
        calibration: for int8-static, real rows by input name, each (rows, ...).
        exclude: regular expressions; an operator stays in float32 if one matches a name of its
            output or weights, such as "encoder_1/block_0_1/query_1/Tensordot". For int8,
            int8-static, int4-tables and int4.
        signatures: those to convert; they share their weights.

    Raises:
        UserError: calibration has the wrong shape, an expression matches nothing, or LiteRT's
            operators cannot express the model.
    """
    if quantization in ("float32", "float16") or (quantization == "int8" and not exclude):
        model = _by_tensorflow(saved_model, signatures, quantization)
    else:
        model = _by_quantizer(saved_model, signatures, quantization, calibration, exclude)
    _refuse_custom_operators(model)
    return model


def check_calibration(
    calibration: Mapping[str, np.ndarray] | None, inputs: Sequence[Tensor]
) -> None:
    """Refuses rows that do not fit the inputs, before any work.

    Args:
        calibration: rows by input name, each (rows, ...).
        inputs: of the model; the first axis of each is the batch.

    Raises:
        UserError: naming the input, its shape, and what is allowed.
    """
    wanted = {tensor.name: tensor.shape[1:] for tensor in inputs}
    if calibration is None or set(calibration) != set(wanted):
        given = ", ".join(sorted(calibration or ())) or "nothing"
        raise UserError(
            f"Calibration holds {given}; the model takes {', '.join(sorted(wanted))}.",
            "Give an array of real rows for each input.",
        )
    counts = {len(rows) for rows in calibration.values()}
    if len(counts) != 1 or 0 in counts:
        raise UserError(
            "Calibration needs as many rows for each input, and at least one: "
            + ", ".join(f"{name} has {len(rows)}" for name, rows in calibration.items())
            + "."
        )
    for name, shape in wanted.items():
        found = np.shape(calibration[name])[1:]
        fits = len(found) == len(shape) and all(
            n in (None, m) for n, m in zip(shape, found, strict=True)
        )
        if not fits:
            raise UserError(
                f"Calibration rows of {name} have the shape {found}; the model takes "
                f"{tuple('any' if n is None else n for n in shape)}.",
                "Pad or cut them to the length of the export.",
            )


def _by_tensorflow(
    saved_model: Path, signatures: Sequence[str], quantization: str = "float32"
) -> bytes:
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(
        str(saved_model), signature_keys=list(signatures)
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if quantization != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantization == "float16":
        converter.target_spec.supported_types = [tf.float16]
    try:
        return converter.convert()
    except Exception as error:  # the converter's error class is not public
        lacking = sorted(set(re.findall(r"'tf\.(\w+)' op is neither", str(error))))
        raise UserError(
            "LiteRT's own operators cannot express this model"
            + (f": they lack {', '.join(lacking)}." if lacking else f": {error}"),
            "ONNX or a SavedModel may do: kerastc export RUN --format onnx",
        ) from None


def _by_quantizer(
    saved_model: Path,
    signatures: Sequence[str],
    quantization: str,
    calibration: Mapping[str, np.ndarray] | None,
    exclude: Sequence[str],
) -> bytes:
    """Runs ai-edge-quantizer on TensorFlow's float32 model."""
    quantizer_of, kinds, algorithms, granularities = _quantizer()
    from kerastc.deploy.convert.embedding_lookup import with_embedding_lookups

    model = with_embedding_lookups(_by_tensorflow(saved_model, signatures))
    quantizer = quantizer_of(bytearray(model))
    rounding = {4: algorithms.OCTAV, 8: algorithms.MIN_MAX_UNIFORM_QUANT}
    bits = 4 if quantization == "int4" else 8
    for kind in MULTIPLIES:
        if quantization == "int8-static":
            quantizer.add_static_config(".*", kinds(kind), 8, bits)
        else:
            quantizer.add_dynamic_config(".*", kinds(kind), bits, algorithm_key=rounding[bits])
    bits = 4 if quantization in ("int4", "int4-tables") else 8
    blocks = bits == 4 and _in_blocks(model)
    quantizer.add_dynamic_config(
        ".*",
        kinds(LOOK_UP),
        bits,
        granularities.BLOCKWISE_64 if blocks else granularities.CHANNELWISE,
        rounding[bits],
    )
    for operator in _excluded(model, exclude):
        quantizer.update_quantization_recipe(
            f"^{re.escape(operator.output)};",
            kinds("*"),
            algorithm_key=algorithms.NO_QUANTIZE,
        )
    ranges = None
    if quantizer.need_calibration:
        ranges = _ranges(model, quantizer.get_quantization_recipe(), calibration)
    return bytes(quantizer.quantize(ranges).quantized_model)


def _in_blocks(model: bytes) -> bool:
    """Whether every table's rows divide into blocks of 64 numbers."""
    from kerastc.deploy.convert.litert_file import operators

    widths = [found.shapes[0][1] for found in operators(model) if found.kind == LOOK_UP]
    return all(width % 64 == 0 for width in widths)


def _ranges(
    model: bytes, recipe: list[dict], calibration: Mapping[str, np.ndarray] | None
) -> dict[str, dict]:
    """The smallest and the largest value of each tensor over the rows.

    ai-edge-quantizer's `calibrate` takes a moving average instead, which cuts off the large values
    of rare rows and takes ten times as long.
    """
    from ai_edge_quantizer import calibrator, recipe_manager
    from ai_edge_quantizer.utils.qsv_utils import min_max_update

    from kerastc.deploy.convert.litert_file import inputs

    wanted = inputs(model)
    check_calibration(calibration, wanted[SERVE])
    calls = {name: list(_calls(tensors, calibration)) for name, tensors in wanted.items()}
    manager = recipe_manager.RecipeManager()
    manager.load_quantization_recipe(recipe)
    observed = calibrator.Calibrator(
        memoryview(model),
        num_threads=1,
        mode=calibrator.CalibrationMode.CALIBRATION_PROFILER_BASED,
        qsv_update_func=min_max_update,
    )
    observed.calibrate(calls, manager)
    return observed.get_model_qsvs()


def _quantizer():
    """The class, and its enumerations of operators, algorithms and shares of a scale."""
    try:
        from ai_edge_quantizer import algorithm_manager, qtyping, quantizer
    except ImportError:
        raise UserError(
            "int4, int8-static and exclusions need ai-edge-quantizer.",
            "Install it: pip install ai-edge-quantizer. float16 and int8 do without it.",
        ) from None
    return (
        quantizer.Quantizer,
        qtyping.TFLOperationName,
        algorithm_manager.AlgorithmName,
        qtyping.QuantGranularity,
    )


def _excluded(model: bytes, exclude: Sequence[str]) -> list["Operator"]:
    """The operators that an expression matches.

    Raises:
        UserError: it is not a regular expression, or matches nothing that is quantised.
    """
    from kerastc.deploy.convert.litert_file import operators

    weighty = [found for found in operators(model) if found.kind in (*MULTIPLIES, LOOK_UP)]
    excluded = []
    for expression in exclude:
        try:
            fits = [
                found for found in weighty if any(re.search(expression, n) for n in found.names)
            ]
        except re.error as error:
            raise UserError(f"exclude={expression} is not a regular expression: {error}.") from None
        if not fits:
            raise UserError(
                f"exclude={expression} finds no operator.",
                "Some of the names: " + ", ".join(found.names[0] for found in weighty),
            )
        excluded += fits
    return excluded


def _calls(
    wanted: Sequence[Tensor], calibration: Mapping[str, np.ndarray]
) -> Iterator[dict[str, np.ndarray]]:
    """The rows in batches of the model's size; an incomplete last one is left out.

    Rows longer than the inputs of one of several signatures are truncated.
    """
    batch = wanted[0].shape[0] or 1
    rows = min(map(len, calibration.values()))
    if rows < batch:
        raise UserError(f"Calibration has {rows} rows; the model takes {batch} at a time.")
    for begin in range(0, rows - batch + 1, batch):
        yield {
            tensor.name: _cut(calibration[tensor.name][begin : begin + batch], tensor)
            for tensor in wanted
        }


def _cut(rows: np.ndarray, tensor: Tensor) -> np.ndarray:
    return rows[tuple(slice(n) for n in (None, *tensor.shape[1:]))].astype(tensor.dtype)


def _refuse_custom_operators(model: bytes) -> None:
    from kerastc.deploy.convert.litert_file import operators

    custom = sorted({found.kind for found in operators(model) if found.kind.startswith("CUSTOM")})
    if custom:
        raise UserError(
            f"The LiteRT file needs operators that LiteRT alone lacks: {', '.join(custom)}.",
            "This is a bug of kerastc for this kind of model; ONNX may do: --format onnx",
        )
