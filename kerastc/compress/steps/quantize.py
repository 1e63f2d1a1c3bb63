"""Quantization: the model as a LiteRT file with few bits per weight, measured as that file.

    quantize:int8              int8 weights, activations quantized on the fly (dynamic range)
    quantize:int8-static       activations too, by their ranges on training rows
    quantize:int4-tables       as int8, but embedding tables have four bits
    quantize:int4              kernels and tables of four bits, activations as in int8
    quantize:float16           half precision, computed in float32

A batch normalisation right after a convolution is folded into it. One after a residual sum cannot
be, and stays a multiplication and an addition.

Reference: Jacob et al. 2018, Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference.
"""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from kerastc.capabilities import Capability
from kerastc.compress.steps.step import Step
from kerastc.run import Run
from kerastc.training.config import Count

if TYPE_CHECKING:
    from kerastc.compress.subject import Subject
    from kerastc.compress.work import Work
    from kerastc.outputs.output import Answers


class Quantize(Step):
    """Always the last step: it makes a file, not a model that could be trained."""

    name: ClassVar[str] = "quantize"
    short: ClassVar[str] = "kind"

    kind: Literal["float16", "int8", "int8-static", "int4-tables", "int4"] = "int8"  # of weights
    rows: Count = 256  # training rows for the ranges of int8-static
    exclude: tuple[str, ...] = ()  # operators that stay in float, as in `kerastc export`

    def needs(self) -> Iterator[tuple[str, Capability]]:
        yield from super().needs()
        if self.kind == "int4-tables":
            yield "quantize:int4-tables", Capability.TOKENS

    def instead_of(self, needed: Capability, has: Collection[Capability]) -> str:
        return "Eight bits work with all models: quantize:int8"

    def apply(self, work: "Work") -> dict[str, Any]:
        return {"kind": self.kind}  # the file is written once the run is complete

    def write_file(self, run: Run, work: "Work") -> "dict[str, Answers]":
        """Exports the run and returns the file's answers for each of the subject's parts.

        The Keras model's answers for the last of them, by default the test rows, go to
        predictions/keras_PART.csv, with which a benchmark compares the file.
        """
        from kerastc.deploy.run.runtime import load

        subject = work.subject
        self.export(run, subject)
        predictor = load(run.path("exports", "model.tflite"))
        part = subject.parts[-1]
        said, rows = work.answers(part), getattr(subject.splits, part)
        names = subject.input.names(rows)
        with run.writing("predictions", f"keras_{part}.csv") as path:
            subject.output.write_predictions(path, subject.task.columns, names, rows.labels, said)
        parts = {part: getattr(subject.splits, part).examples for part in subject.parts}
        return {part: predictor.answers(examples) for part, examples in parts.items()}

    def export(self, run: Run, subject: "Subject") -> None:
        """Writes a run's LiteRT file and its signature, with ranges from training rows."""
        from kerastc.deploy import export

        calibration = None
        if self.kind == "int8-static":
            batches = subject.calibration(self.rows, self.seed)
            calibration = batches.inputs[batches.taken]
        export(
            run,
            "litert",
            quantization=self.kind,
            exclude=self.exclude,
            calibration=calibration,
        )
