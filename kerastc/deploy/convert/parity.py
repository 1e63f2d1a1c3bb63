"""How far an exported model differs from its Keras model on real rows."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from kerastc.errors import UserError
from kerastc.outputs.output import Output, Outputs

# The largest difference of a number, as a share of the Keras model's largest one. Another order
# of additions costs 1e-6, half precision 1e-3; a wrong operator or weight far more.
TOLERANCES = {"float32": 1e-4, "float16": 1e-2}
# Eight and four bits change numbers much and decisions little: the least share of answers that
# must stay the same.
AGREEMENTS = {"int8": 0.9, "int8-static": 0.75, "int4-tables": 0.75, "int4": 0.75}


@dataclass(frozen=True)
class Parity:
    """The comparison of the outputs of two models.

    Args:
        rows: how many examples were compared; one may be several rows of a call.
        max_difference, mean_difference: of the numbers in the outputs, absolute.
        agreement: the share of equal answers.
        tolerance: the largest difference allowed; None if agreement decides.
    """

    rows: int
    max_difference: float
    mean_difference: float
    agreement: float
    tolerance: float | None

    def as_dict(self) -> dict[str, Any]:
        """The form in a signature."""
        return asdict(self)


def compare(
    found: Outputs,
    expected: Outputs,
    output: Output,
    rows: Sequence[Any],
    quantization: str,
    what: str,
) -> Parity:
    """Compares the outputs of an export and of the Keras model for the same rows.

    Args:
        found: of the export.
        expected: of the Keras model.
        output: of both models.
        rows: the model's input rows.
        quantization: of the export; sets the tolerance.
        what: the export's name in errors.

    Raises:
        UserError: it differs by more than is allowed.
    """
    for name, wanted in expected.items():
        shapes = [_shape(found[name]), _shape(wanted)]
        if shapes[0] != shapes[1]:
            raise _differs(what, f"it gives {name} of the shape {shapes[0]}, not {shapes[1]}")
        if not all(np.isfinite(row).all() for row in found[name]):
            raise _differs(what, f"its {name} are not numbers: the conversion lost weights")
    numbers, wanted = _numbers(found), _numbers(expected)
    scale = max(1.0, float(np.abs(wanted).max()))
    tolerance = TOLERANCES[quantization] * scale if quantization in TOLERANCES else None
    difference = np.abs(numbers.astype("float64") - wanted)
    answers = [output.answers(outputs, rows) for outputs in (found, expected)]
    parity = Parity(
        rows=len(answers[0]),
        max_difference=float(difference.max()),
        mean_difference=float(difference.mean()),
        agreement=output.same(*answers),
        tolerance=tolerance,
    )
    if tolerance is not None and parity.max_difference > tolerance:
        raise _differs(
            what,
            f"a logit differs by {parity.max_difference:.2g}; {tolerance:.2g} is allowed for "
            f"{quantization}",
        )
    if parity.agreement < AGREEMENTS.get(quantization, 0):
        raise _differs(
            what,
            f"only {parity.agreement:.0%} of {parity.rows} rows keep their {output.answer}; "
            f"{AGREEMENTS[quantization]:.0%} must with {quantization}",
        )
    return parity


def _shape(rows: np.ndarray | Sequence[np.ndarray]) -> tuple:
    """The shape of each row, if they differ."""
    return rows.shape if isinstance(rows, np.ndarray) else tuple(row.shape for row in rows)


def _numbers(outputs: Outputs) -> np.ndarray:
    """All numbers of the outputs, in one array."""
    arrays = [a for rows in outputs.values() for a in ([rows] if hasattr(rows, "shape") else rows)]
    return arrays[0] if len(arrays) == 1 else np.concatenate([array.ravel() for array in arrays])


def _differs(what: str, how: str) -> UserError:
    return UserError(
        f"{what} is not the same as the Keras model: {how}. Nothing was written.",
        "Try another --format or --quantization; a float32 file that differs is a bug of kerastc.",
    )
