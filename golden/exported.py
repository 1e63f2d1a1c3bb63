"""What exported models answer to fixed inputs: python -m golden.exported FOLDER

Every LiteRT, ONNX and SavedModel file under FOLDER/runs is run by its own interpreter; the answers
go to FOLDER/exported.npz, an array for each output.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

FILE = "exported.npz"
ROWS, LENGTH = 2, 16  # where a dimension is open
IDS = 30  # token ids below it, which every vocabulary has
TEXTS = ("boil the salt and more", "the rook, the sail")

Answers = Iterator[tuple[str, np.ndarray]]


def main(folder: Path) -> None:
    """Writes the answers of all models."""
    runs, answers = folder / "runs", {}
    for kind, pattern in ((litert, "*.tflite"), (onnx, "*.onnx"), (saved_model, "saved_model.pb")):
        for path in sorted(runs.rglob(pattern)):
            named = path.relative_to(folder).as_posix()
            answers |= {f"{named}: {name}": array for name, array in kind(path)}
    np.savez(folder / FILE, **answers)


def litert(path: Path) -> Answers:
    """By the signatures of the file."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path), num_threads=1)
    for signature in interpreter.get_signature_list():
        runner = interpreter.get_signature_runner(signature)
        inputs = {
            name: fixed(
                name, [n if n > 0 else None for n in found["shape_signature"]], found["dtype"]
            )
            for name, found in runner.get_input_details().items()
        }
        yield from _named(signature, runner(**inputs))


def onnx(path: Path) -> Answers:
    """By ONNX Runtime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    types = {"tensor(int32)": "int32", "tensor(int64)": "int64", "tensor(uint8)": "uint8"}
    inputs = {
        found.name: fixed(
            found.name,
            [n if isinstance(n, int) else None for n in found.shape],
            types.get(found.type, "float32"),
        )
        for found in session.get_inputs()
    }
    outputs = [found.name for found in session.get_outputs()]
    yield from _named("", dict(zip(outputs, session.run(outputs, inputs), strict=True)))


def saved_model(path: Path) -> Answers:
    """By TensorFlow, every signature."""
    import tensorflow as tf
    import tensorflow_text  # noqa: F401  (operators of a tokenizer that is built in)

    loaded = tf.saved_model.load(str(path.parent))
    for name, serve in sorted(loaded.signatures.items()):
        inputs = {
            key: tf.constant(
                TEXTS if spec.dtype == tf.string else fixed(key, spec.shape, spec.dtype.name)
            )
            for key, spec in serve.structured_input_signature[1].items()
        }
        found = {key: value.numpy() for key, value in serve(**inputs).items()}
        yield from _named(name, found)


def fixed(name: str, shape: Sequence[int | None], dtype: Any) -> np.ndarray:
    """An input: of images pixels, of texts ids, or a mask whose last rows are shorter."""
    sizes = [n or (ROWS if axis == 0 else LENGTH) for axis, n in enumerate(shape)]
    random = np.random.default_rng(len(sizes))
    if len(sizes) > 2:
        return random.integers(0, 256, sizes).astype(dtype)
    if "mask" in name:
        mask = np.ones(sizes, dtype)
        mask[-1, sizes[1] * 3 // 4 :] = 0
        return mask
    return random.integers(5, IDS, sizes).astype(dtype)


def _named(signature: str, outputs: Mapping[str, np.ndarray]) -> Answers:
    for name, array in sorted(outputs.items()):
        array = np.asarray(array)
        yield f"{signature} {name}".strip(), array.astype("U") if array.dtype == object else array


if __name__ == "__main__":
    main(Path(sys.argv[1]))
