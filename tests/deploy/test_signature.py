"""The file beside an exported model: what it refuses, and that a device can read it."""

import hashlib
import json
import subprocess
import sys
from dataclasses import replace

import pytest

from kerastc.deploy.signature import Signature, Tensor, beside, digest, size
from kerastc.errors import UserError

MODEL = b"TFL3 and so on"


@pytest.fixture
def signature(tmp_path):
    """A model and its signature in a folder."""
    (tmp_path / "tokenizer").mkdir()
    path = tmp_path / "model.tflite"
    path.write_bytes(MODEL)
    made = Signature(
        format="litert",
        file="model.tflite",
        sha256=hashlib.sha256(MODEL).hexdigest(),
        bytes=len(MODEL),
        task="text-classification",
        inputs=(Tensor("token_ids", (1, None), "int32"),),
        outputs=(Tensor("logits", (1, 2), "float32"),),
        classes=("bad", "good"),
        preprocessing={"task": "text-classification", "max_tokens": 8},
        tokenizer="tokenizer",
        quantization="int8",
        parameters=9,
        parity={"rows": 3},
        notes=("a note",),
        folder=tmp_path,
    )
    made.write(beside(path))
    return made


def test_it_comes_back_as_it_was_written(signature):
    for path in (signature.path, beside(signature.path)):
        again = Signature.read(path)
        assert again == signature
        assert again.folder == signature.folder
        again.verify()


def test_an_open_dimension_is_null(signature):
    record = json.loads(beside(signature.path).read_text())
    assert record["inputs"] == [{"name": "token_ids", "shape": [1, None], "dtype": "int32"}]
    assert "folder" not in record


def test_a_changed_model_is_found(signature):
    signature.path.write_bytes(MODEL[:-1] + b"x")
    with pytest.raises(UserError, match=r"model\.tflite is not the file"):
        signature.verify()
    signature.path.unlink()
    with pytest.raises(UserError, match=r"model\.tflite is missing"):
        signature.verify()


@pytest.mark.parametrize("name", ["../model", "/etc/passwd", "a/../../b", "C:\\x", "..\\x", ""])
@pytest.mark.parametrize("field", ["file", "tokenizer"])
def test_a_path_out_of_the_folder_is_refused(signature, field, name):
    path = beside(signature.path)
    path.write_text(json.dumps(signature.as_dict() | {field: name}))
    with pytest.raises(UserError, match=f"{field}=.*leaves the folder"):
        Signature.read(path).tokenizer_path  # noqa: B018  (images have none)


def test_a_link_out_of_the_folder_is_refused(signature, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "secret"
    elsewhere.write_bytes(MODEL)
    (signature.folder / "link").symlink_to(elsewhere)
    with pytest.raises(UserError, match="leaves the folder"):
        replace(signature, file="link").verify()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sha256": None}, "sha256=None is not of type str"),
        ({"bytes": True}, "bytes=True is not of type int"),
        ({"classes": [1]}, "classes holds something that is not a name"),
        ({"inputs": []}, "inputs is empty"),
        ({"inputs": [{"name": "a", "dtype": "int32"}]}, "lacks 'shape'"),
        ({"inputs": [{"name": "a", "dtype": "int32", "shape": [0]}]}, "is not a tensor"),
        ({"outputs": ["logits"]}, "outputs holds 'logits'"),
        ({"lengths": [8, 4]}, "not ascending whole numbers"),
        ({"lengths": 8}, "not ascending whole numbers"),
        ({"lengths": ["8"]}, "not ascending whole numbers"),
    ],
)
def test_a_wrong_field_is_named(signature, change, message):
    path = beside(signature.path)
    path.write_text(json.dumps(signature.as_dict() | change))
    with pytest.raises(UserError, match=message):
        Signature.read(path)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "\0"])
def test_another_file_is_no_signature(signature, text):
    path = beside(signature.path)
    path.write_text(text)
    with pytest.raises(UserError, match=r"model\.tflite\.json"):
        Signature.read(path)


def test_a_missing_one_is_named(tmp_path):
    with pytest.raises(UserError, match=r"There is no file .*model\.onnx"):
        Signature.read(tmp_path / "model.onnx")
    (tmp_path / "model.onnx").touch()
    with pytest.raises(UserError, match=r"model\.onnx\.json is missing"):
        Signature.read(tmp_path / "model.onnx")


def test_the_digest_of_a_folder_sees_names_and_content(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one").write_text("1")
    first = digest(tmp_path)
    assert size(tmp_path) == 1
    (tmp_path / "a" / "one").rename(tmp_path / "a" / "two")
    second = digest(tmp_path)
    (tmp_path / "a" / "two").write_text("2")
    assert len({first, second, digest(tmp_path)}) == 3


def test_it_needs_nothing_but_python():
    program = (
        "import sys\n"
        "from kerastc.deploy import Signature\n"
        "print(*{name.split('.')[0] for name in sys.modules} - sys.stdlib_module_names)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "kerastc" in loaded
    assert loaded.isdisjoint({"numpy", "keras", "tensorflow", "pydantic", "lazy_loader", "rich"})
