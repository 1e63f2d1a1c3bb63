"""LiteRT files of a model that is a table and two kernels: what is in them, and what is refused."""

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from kerastc.deploy.convert import litert
from kerastc.deploy.convert.embedding_lookup import with_embedding_lookups
from kerastc.deploy.convert.in_tensorflow import quiet
from kerastc.deploy.convert.litert_file import inputs, operators
from kerastc.deploy.signature import Tensor
from kerastc.errors import UserError

TOKENS, WIDTH, HIDDEN, CLASSES, LENGTH = 50, 32, 64, 20, 6
rng = np.random.default_rng(3)
TABLE, INNER, OUTER = (
    rng.normal(size=shape).astype("float32")
    for shape in ((TOKENS, WIDTH), (WIDTH, HIDDEN), (HIDDEN, CLASSES))
)
IDS = rng.integers(0, TOKENS, (40, LENGTH)).astype("int32")
IDS[0], IDS[1] = 0, TOKENS - 1


def logits(ids: np.ndarray) -> np.ndarray:
    """The model in NumPy."""
    return np.maximum(TABLE[ids].mean(axis=-2) @ INNER, 0) @ OUTER


def saved(folder, function, *specs):
    """A SavedModel whose signature "serve" is the function."""
    module = tf.Module()
    module.serve = tf.function(function, input_signature=specs)
    tf.saved_model.save(module, str(folder), signatures={"serve": module.serve})
    return folder


def convert(*arguments, **options) -> bytes:
    """What `export` calls, as it calls it."""
    with quiet():
        return litert.convert(*arguments, **options)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    table, inner, outer = (tf.constant(array) for array in (TABLE, INNER, OUTER))

    def serve(token_ids):
        with tf.name_scope("model"):
            mean = tf.reduce_mean(tf.gather(table, token_ids, name="tokens"), axis=1)
            hidden = tf.nn.relu(tf.matmul(mean, inner, name="inner"))
            return {"logits": tf.matmul(hidden, outer, name="outer")}

    spec = tf.TensorSpec([1, LENGTH], tf.int32, name="token_ids")
    return saved(tmp_path_factory.mktemp("model") / "saved", serve, spec)


@pytest.fixture(scope="module")
def converted(model):
    """`converted(quantization, *exclude)`: the file, made once."""
    made = {}

    def once(quantization: str = "float32", *exclude: str) -> bytes:
        key = (quantization, exclude)
        if key not in made:
            made[key] = convert(model, quantization, {"token_ids": IDS}, exclude)
        return made[key]

    return once


def answers(file: bytes, ids: np.ndarray = IDS) -> np.ndarray:
    runner = Interpreter(model_content=file).get_signature_runner()
    return np.concatenate([runner(token_ids=row[None])["logits"] for row in ids])


def weights(file: bytes) -> dict[str, str]:
    """The type of each constant matrix, by its shape: "50x32"."""
    details = Interpreter(model_content=file).get_tensor_details()
    sizes = ((TOKENS, WIDTH), (HIDDEN, WIDTH), (CLASSES, HIDDEN))  # kernels are transposed
    return {
        "x".join(map(str, detail["shape"])): np.dtype(detail["dtype"]).name
        for detail in details
        if tuple(detail["shape"]) in sizes
    }


@pytest.mark.parametrize(
    ("quantization", "error"),
    [
        ("float32", 1e-5),
        ("float16", 1e-2),
        ("int8", 0.02),
        ("int8-static", 0.05),
        ("int4-tables", 0.2),
        ("int4", 0.3),
    ],
)
def test_the_file_computes_what_numpy_does(converted, quantization, error):
    expected = logits(IDS)
    found = answers(converted(quantization))
    assert np.abs(found - expected).max() < error * np.abs(expected).max()
    assert np.abs(found - expected).max() > 0 or quantization == "float32"


def test_all_weights_are_in_the_bits_that_were_asked_for(converted):
    for quantization, kind in {"float32": "float32", "int8": "int8", "int8-static": "int8"}.items():
        found = weights(converted(quantization))
        assert found == dict.fromkeys(("50x32", "64x32", "20x64"), kind), quantization
    # The interpreter tells NumPy that four bits are eight, so the file has to tell.
    elements = TABLE.size + INNER.size + OUTER.size
    assert len(converted("int8-static")) - len(converted("int4")) >= elements // 2
    assert len(converted("int4-tables")) - len(converted("int4")) >= (elements - TABLE.size) // 2


def test_exclusions_stay_in_float32(converted):
    kinds = weights(converted("int8", "outer"))
    assert kinds == {"50x32": "int8", "64x32": "int8", "20x64": "float32"}
    kinds = weights(converted("int8", "tokens", "^inner"))
    assert kinds == {"50x32": "float32", "64x32": "float32", "20x64": "int8"}


@pytest.mark.parametrize(
    ("expression", "message"),
    [("nothing", "finds no operator"), ("(", "is not a regular expression")],
)
def test_an_exclusion_that_cannot_be_meant_is_refused(model, expression, message):
    with pytest.raises(UserError, match=message):
        convert(model, "int8", exclude=(expression,))


def test_lookups_give_the_rows_of_the_table(tmp_path):
    table = tf.constant(TABLE)
    spec = tf.TensorSpec([2, LENGTH], tf.int32, name="token_ids")
    folder = saved(tmp_path / "m", lambda token_ids: {"logits": tf.gather(table, token_ids)}, spec)
    rows = IDS[:40].reshape(-1, 2, LENGTH)

    def found(file: bytes) -> np.ndarray:
        runner = Interpreter(model_content=file).get_signature_runner()
        return np.stack([runner(token_ids=pair)["logits"] for pair in rows])

    plain = convert(folder)
    changed = with_embedding_lookups(plain)
    assert "GATHER" in [o.kind for o in operators(plain)]
    assert "GATHER" not in [o.kind for o in operators(changed)]
    np.testing.assert_array_equal(found(changed), TABLE[rows])
    # Rounding to levels of a scale of its own for each row: half a level at most.
    largest = np.abs(TABLE).max(axis=1)[rows][..., None]
    for quantization, levels in (("int8-static", 127), ("int4", 7)):
        file = convert(folder, quantization, {"token_ids": IDS})
        assert (np.abs(found(file) - TABLE[rows]) <= largest / levels / 2 + 1e-6).all()


def test_a_large_number_spoils_only_its_block_of_a_row(tmp_path):
    table = rng.normal(size=(TOKENS, 128)).astype("float32")
    table[:, 5] = 10
    spec = tf.TensorSpec([1, LENGTH], tf.int32, name="token_ids")
    constant = tf.constant(table)
    function = lambda token_ids: {"logits": tf.gather(constant, token_ids)}  # noqa: E731
    file = convert(saved(tmp_path / "m", function, spec), "int4-tables")
    error = np.square(answers(file) - table[IDS]).mean(axis=(0, 1))
    scale = np.abs(table).max(axis=1, keepdims=True) / 7  # what one scale a row would do
    rounded = np.square(np.round(table / scale) * scale - table)[IDS].mean(axis=(0, 1))
    assert error[64:].mean() < 0.1 * rounded[64:].mean()
    assert error.mean() < 0.6 * rounded.mean()


def test_the_inputs_are_read_from_the_file(converted):
    assert inputs(converted()) == {"serve": (Tensor("token_ids", (1, LENGTH), "int32"),)}


def test_an_operator_that_litert_lacks_is_named(tmp_path):
    spec = tf.TensorSpec([1, 3], tf.float32, name="x")
    folder = saved(tmp_path / "m", lambda x: {"logits": tf.math.igamma(x, x)}, spec)
    with pytest.raises(UserError, match="they lack Igamma"):
        convert(folder)


@pytest.mark.parametrize(
    ("calibration", "message"),
    [
        (None, "holds nothing; the model takes token_ids"),
        ({"ids": IDS}, "holds ids; the model takes token_ids"),
        ({"token_ids": IDS[:, :4]}, r"shape \(4,\); the model takes \(6,\)"),
        ({"token_ids": IDS[0]}, r"shape \(\); the model takes \(6,\)"),
        ({"token_ids": IDS[:0]}, "at least one: token_ids has 0"),
    ],
)
def test_calibration_of_another_shape_is_refused(model, calibration, message):
    with pytest.raises(UserError, match=message):
        convert(model, "int8-static", calibration)
