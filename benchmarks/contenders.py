"""Who is compared in `benchmarks.deployed`: ours in LiteRT, the peers in their runtimes.

Each runs in every way that its runtime allows: padded to a fixed length, and with as few tokens as
hold a text. What is faster depends on runtime, model and texts.
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerastc.deploy import export
from kerastc.deploy.measure.targets import EXPORTS
from kerastc.deploy.run.runtime import predictor_for
from kerastc.deploy.signature import Signature
from kerastc.errors import UserError
from kerastc.run import Run

STEP = 4  # tokens between the lengths of a file that has several
# Parts of a run that are not copied.
LARGE = ("compressed", "steps", "checkpoints", "cache", EXPORTS, "plots")


@dataclass(frozen=True)
class Contender:
    """A model in a runtime.

    Args:
        runtime: its name.
        model: "float32", "int8", or a compressed run.
        how: what was done for it to be fast.
        peer: whether it is what a user would take instead.
        exact: whether its logits must be those of Keras.
        load: the request that loads it.
        bytes: of its file; None where its process tells.
        module: that answers the requests.
    """

    runtime: str
    model: str
    how: str
    peer: bool
    exact: bool
    load: dict[str, Any]
    bytes: int | None = None
    module: str = "kerastc.deploy.measure.worker"

    @property
    def name(self) -> str:
        """In words."""
        return f"{self.runtime} {self.model} ({self.how})"


def exported(child: Run, classes: Sequence[str]) -> Signature:
    """A child's LiteRT file.

    Raises:
        UserError: where there is none, it takes other than one text a call, padded, or its classes
            are not these.
    """
    told = Signature.read(child.path(EXPORTS, "model.tflite"))
    told.verify()
    session = predictor_for(told).session
    if (session.batch, session.length) != (1, told.preprocessing.get("max_tokens")):
        raise UserError(
            f"{told.path} does not take one text a call, padded as in training.",
            f"Export it so: kerastc export {child.folder} --format litert",
        )
    if told.classes != tuple(classes):
        raise UserError(
            f"{told.path} has the classes {', '.join(told.classes)}; the run has "
            f"{', '.join(classes)}.",
            "Give compressed runs of the run that comes first.",
        )
    return told


def copied(run: Run, folder: Path) -> Run:
    """A copy whose exports may change."""
    shutil.copytree(run.folder, folder, ignore=shutil.ignore_patterns(*LARGE))
    return Run.open(folder)


def ours(
    model: str, told: Signature, run: Run, exact: bool, folder: Path, texts: list[str]
) -> Iterator[Contender]:
    """A LiteRT file as it is, and the same model in a file of several lengths.

    Args:
        model: its name.
        told: the file's signature; its length is fixed.
        run: that it was exported from.
        exact: whether its logits must be those of Keras.
        folder: new; takes the other file.
        texts: it is timed on.
    """
    longest = predictor_for(told).session.length
    lengths = (*range(2 * STEP, longest, STEP), longest)
    several = export(copied(run, folder), "litert", length=lengths, quantization=told.quantization)
    yield _of_file("LiteRT", model, told, _padding(longest), False, exact, texts, longest)
    how = f"next of {', '.join(map(str, lengths))}"
    yield _of_file("LiteRT", model, several, how, False, exact, texts)


def peers(run: Run, weights: Path, told: Signature, texts: list[str]) -> Iterator[Contender]:
    """The run in ONNX Runtime and PyTorch, in float32 and dynamic int8.

    Args:
        run: a copy, whose exports may change.
        weights: what `benchmarks.bert_weights.write` wrote of it.
        told: the run's LiteRT file, for its tokenizer and length.
        texts: they are timed on.
    """
    from benchmarks import onnx_peers

    for how, signature in onnx_peers.write(run, weights):
        kind = signature.quantization
        exact = kind == "float32"
        length = predictor_for(signature).session.length
        how = f"{how}, {_padding(length)}"
        yield _of_file("ONNX Runtime", kind, signature, how, True, exact, texts, length)
    for kind in ("float32", "int8"):
        for length in (predictor_for(told).session.length, None):
            load = {
                "folder": str(weights),
                "int8": kind == "int8",
                "signature": str(told.path),
                "length": length,
                "examples": texts,
            }
            exact = kind == "float32"
            module = "benchmarks.torch_bert"
            yield Contender("PyTorch", kind, _padding(length), True, exact, load, module=module)


def _of_file(
    runtime: str,
    model: str,
    told: Signature,
    how: str,
    peer: bool,
    exact: bool,
    texts: list[str],
    length: int | None = None,
) -> Contender:
    """What `kerastc.deploy.measure.worker` runs; `length` None: as few tokens as hold a text."""
    load = {
        "signature": str(told.path.resolve()),
        "threads": 1,
        "batch": 1,
        "length": length,
        "examples": texts,
    }
    return Contender(runtime, model, how, peer, exact, load, told.bytes)


def _padding(length: int | None) -> str:
    return f"padded to {length}" if length else "own length"
