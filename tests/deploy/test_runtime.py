"""An exported model, used without Keras: its numbers, and each way in which a part can be wrong."""

import json
import shutil

import device_model
import numpy as np
import pytest
from click.testing import CliRunner
from device_model import CLASSES, LABELS, LENGTH, TEXTS, expected, ids, sign, write_run
from scipy.special import softmax

from kerastc.cli import main
from kerastc.data.texts.texts import LabelledTexts
from kerastc.deploy import bundle, load
from kerastc.deploy.signature import beside
from kerastc.errors import UserError
from kerastc.text.vocabularies import WordPiece

CLOSE = {"rtol": 1e-5, "atol": 1e-6}


def logits(classifier, texts):
    return classifier.outputs(classifier.rows(texts))["logits"]


def test_the_logits_are_those_of_the_model(model):
    classifier = load(model)
    rows = [ids(text) for text in TEXTS]
    assert [row.tolist() for row in classifier.rows(TEXTS).ids] == rows
    np.testing.assert_allclose(logits(classifier, TEXTS), expected(rows), **CLOSE)
    probabilities = softmax(expected(rows).astype("float64"), axis=1)
    np.testing.assert_allclose(classifier.answers(TEXTS), probabilities, **CLOSE)
    assert classifier.answers([]).shape == (0, len(CLASSES))
    assert (classifier.classes, classifier.parameters) == (CLASSES, 68)


@pytest.mark.parametrize(
    ("texts", "told"), [("king", "One str"), ([*TEXTS, " "], r"texts\[\d\] is empty")]
)
def test_what_is_no_list_of_texts_is_refused(model, texts, told):
    with pytest.raises(UserError, match=told):
        load(model).answers(texts)


def test_a_text_is_prepared_and_cut_as_in_training(model):
    classifier = load(model)
    long = "KING " * 30
    np.testing.assert_allclose(
        classifier.answers([long]), classifier.answers(["king " * (LENGTH - 2)])
    )
    [row] = classifier.rows([long])
    assert len(row) == LENGTH and row.ids[-1] == ids("king")[-1]  # the end token stays


def test_what_the_model_does_not_see_is_told_at_every_entrance(model, tmp_path):
    texts = ["king " * (LENGTH - 2), "king " * 9, "zebra salt", "mast"]
    told = [
        "1 of 4 texts (25.0%) has more than 8 tokens: cut there.",
        "1 of 4 texts (25.0%) has tokens that are not in the vocabulary (6.7% of all tokens).",
    ]
    path = tmp_path / "texts.csv"
    path.write_text("text,label\n" + "".join(f"{text},chess\n" for text in texts))
    bundled = bundle.write(model, tmp_path / "tiny.zip")
    for words, given in (
        (["predict", model, *texts], None),
        (["predict", bundled, *texts], None),
        (["predict", model, "--file", path], None),
        (["predict", model], "\n".join(texts)),
        (["evaluate", model, "--data", path], None),
    ):
        done = CliRunner().invoke(main, [*map(str, words), "--json"], input=given)
        assert [line for line in done.stderr.splitlines() if "texts (" in line] == told, words
        found = json.loads(done.stdout)
        if words[0] == "evaluate":
            assert (found["unseen"]["cut_by_tokens"], found["unseen"]["texts"]) == (1, 4)
        else:
            rows = [(row["cut"], row["unknown_tokens"]) for row in found]
            assert rows == [(False, 0), (True, 0), (False, 1), (False, 0)]


@pytest.mark.parametrize(("batch", "length"), [(4, LENGTH), (None, LENGTH), (None, None), (2, 5)])
def test_a_file_of_any_shape_says_the_same(converted, tmp_path, batch, length):
    options = {"batch": batch, "length": length}
    path = write_run(tmp_path / "run", converted(**options), **options)
    classifier = load(path)
    texts = [*TEXTS] * 14  # more than a batch, and no multiple of one
    rows = [ids(text) for text in texts]
    if length == 5:
        rows = [[*row[:-1][:4], row[-1]] for row in rows]
    np.testing.assert_allclose(logits(classifier, texts), expected(rows), **CLOSE)


def test_whole_numbers_of_64_bits_are_taken(converted, tmp_path):
    path = write_run(tmp_path / "run", converted(dtype="int64"), dtype="int64")
    found = load(path).answers(TEXTS)
    np.testing.assert_allclose(found.sum(axis=1), 1)


def test_onnx_runs_likewise(tmp_path):
    path = write_run(tmp_path / "run", onnx_file(), "model.onnx")
    classifier = load(path, threads=2)
    rows = [ids(text) for text in TEXTS]
    np.testing.assert_allclose(logits(classifier, TEXTS), expected(rows), **CLOSE)
    path.write_bytes(path.read_bytes()[:-100])
    sign(path)
    with pytest.raises(UserError, match=r"model\.onnx cannot be loaded"):
        load(path)


@pytest.mark.parametrize("row", [[2, 14, 3], [2, -1, 3], [2, 2**31 - 1, 3]])
def test_a_token_without_a_vector_is_refused(model, row):
    with pytest.raises(UserError, match=rf"no token {row[1]}: ids go from 0 to 13"):
        load(model).outputs([np.array(row, np.int32)])


def test_a_tokenizer_of_more_tokens_than_the_model_has_is_refused(model):
    more = WordPiece([*device_model.VOCABULARY, "queen"])
    more.tokenizer().save(model.parent / "tokenizer")
    with pytest.raises(UserError, match=r"(?s)ids up to 14.*model\.tflite.*one export"):
        load(model)


def test_a_file_with_another_checksum_is_refused(model):
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    with pytest.raises(UserError, match="SHA-256"):
        load(model)


@pytest.mark.parametrize("share", [0, 0.0001, 0.001, 0.01, *np.linspace(0.1, 0.99, 12), 0.9999])
def test_a_truncated_file_is_refused_and_kills_nothing(model, share):
    content = model.read_bytes()
    model.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UserError, match="SHA-256"):
        load(model)
    sign(model)  # also where the signature was made for the truncated file
    with pytest.raises(UserError, match=r"model\.tflite") as error:
        load(model)
    assert "kerastc export" in error.value.hint


@pytest.mark.parametrize("content", [b"", b"TFL3", b"PK\x03\x04" + b"x" * 99, b"\0" * 4 + b"TFL3"])
def test_a_foreign_file_is_refused(model, content):
    model.write_bytes(content)
    sign(model)
    with pytest.raises(UserError, match=r"model\.tflite (is not a LiteRT file|cannot be loaded)"):
        load(model)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"classes": ["a", "b"]}, "gives logits float32 .1 x 3.; its signature names 2 classes"),
        ({"format": "saved_model"}, "only litert, onnx run here"),
        ({"format": "onnx"}, "cannot be loaded"),
        ({"task": "sound"}, "has task='sound'; known are text-classification, image-"),
        (
            {"preprocessing": {"max_tokens": "many"}},
            "max_tokens='many'",
        ),
        ({"preprocessing": {"max_tokens": 8}}, "max_characters=None"),
        ({"preprocessing": {**device_model.PREPROCESSING, "preparation": []}}, "not a group"),
    ],
)
def test_a_signature_that_does_not_fit_is_refused(model, changes, said):
    sign(model, **changes)
    with pytest.raises(UserError, match=said):
        load(model)


@pytest.mark.parametrize(
    ("name", "shape", "dtype"),
    [("token_ids", [1, 9], "int32"), ("token_ids", [1, 8], "int64"), ("words", [1, 8], "int32")],
)
def test_inputs_that_the_file_does_not_have_are_refused(model, name, shape, dtype):
    other = "mask" if name == "words" else "padding_mask"
    inputs = [{"name": n, "shape": shape, "dtype": dtype} for n in (name, other)]
    sign(model, inputs=inputs)
    with pytest.raises(UserError, match=r"model\.tflite has the inputs"):
        load(model)


def test_what_is_missing_is_named(model, tmp_path):
    with pytest.raises(UserError, match=r"no file .*absent\.tflite"):
        load(tmp_path / "absent.tflite")
    shutil.rmtree(model.parent / "tokenizer")
    with pytest.raises(UserError, match="tokenizer is missing"):
        load(model)
    beside(model).unlink()
    with pytest.raises(UserError, match=r"model\.tflite\.json is missing"):
        load(model)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": "litert"}'])
def test_a_broken_signature_is_named(model, content):
    beside(model).write_text(content)
    with pytest.raises(UserError, match=r"model\.tflite\.json"):
        load(model)


def test_a_tokenizer_outside_of_the_folder_is_refused(model):
    record = json.loads(beside(model).read_text())
    beside(model).write_text(json.dumps(record | {"tokenizer": "../tokenizer"}))
    with pytest.raises(UserError, match="leaves the folder"):
        load(model)


def test_labels_are_renumbered_to_the_classes_of_the_file(model):
    names = np.array(["a", *CLASSES], object)[LABELS + 1]
    texts = LabelledTexts.of(TEXTS, names, "a test")
    assert load(model).matching(texts).labels.tolist() == LABELS.tolist()
    with pytest.raises(UserError, match="does not know: golf"):
        load(model).matching(LabelledTexts.of(["a"], ["golf"], "a test"))


def onnx_file() -> bytes:
    """The model as an ONNX graph."""
    from onnx import TensorProto, helper, numpy_helper

    table, kernel = device_model.weights()
    constants = {"table": table, "kernel": kernel, "axis": np.array([1]), "last": np.array([2])}
    nodes = [
        helper.make_node("Cast", ["padding_mask"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["float", "last"], ["mask"]),
        helper.make_node("Gather", ["table", "token_ids"], ["vectors"]),
        helper.make_node("Mul", ["vectors", "mask"], ["masked"]),
        helper.make_node("ReduceSum", ["masked", "axis"], ["sum"], keepdims=0),
        helper.make_node("ReduceSum", ["mask", "axis"], ["count"], keepdims=0),
        helper.make_node("Div", ["sum", "count"], ["mean"]),
        helper.make_node("MatMul", ["mean", "kernel"], ["logits"]),
    ]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT32, [1, LENGTH])
        for name in ("token_ids", "padding_mask")
    ]
    output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, len(CLASSES)])
    graph = helper.make_graph(
        nodes,
        "mean of vectors",
        inputs,
        [output],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
