"""An exported model of images on a device, and the bundle that brings it there."""

import hashlib
import io
import json
import zipfile

import image_run
import numpy as np
import pytest
from device_model import sign
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image
from text_run import on_tensorflow

from kerastc.deploy import bundle, load
from kerastc.deploy.measure.packing import packed, unpacked
from kerastc.deploy.signature import beside
from kerastc.errors import UserError

pytestmark = on_tensorflow
TEST = image_run.images("test")


@pytest.fixture
def pictures(tmp_path) -> list[str]:
    """The first test images as files."""
    paths = [tmp_path / f"{row}.png" for row in range(3)]
    for path, image in zip(paths, TEST, strict=False):
        Image.fromarray(image[..., 0]).save(path)
    return [str(path) for path in paths]


def test_arrays_and_files_of_the_same_pixels_are_the_same(image_model, pictures):
    classifier = load(image_model)
    assert (classifier.task.unit, classifier.classes) == ("image", image_run.CLASSES)
    found = classifier.answers(TEST[:3])
    np.testing.assert_array_equal(classifier.answers(pictures), found)
    np.testing.assert_array_equal(classifier.answers(list(TEST[:3])), found)
    assert classifier.answers([]).shape == (0, 3)


def test_what_is_no_image_of_the_model_is_refused(image_model, tmp_path):
    classifier = load(image_model)
    text = tmp_path / "notes.txt"
    text.write_text("not a picture")
    for examples, message in (
        (TEST.astype("float32"), "type float32; the model takes pixels of 0 to 255 as uint8"),
        (TEST[:, :4], "shape 4 x 8 x 1; the model takes 8 x 8 x 1"),
        (TEST[..., 0], "The images have the shape 8 x 8;"),
        ([TEST[0], TEST[0, 0]], "Image 1 has the shape 8 x 1;"),
        ([str(text)], r"notes\.txt is not an image"),
        ([str(tmp_path / "absent.png")], r"no file .*absent\.png"),
    ):
        with pytest.raises(UserError, match=message):
            classifier.answers(examples)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"task": "text-classification"}, "tokenizer='' leaves the folder"),
        ({"task": "sound"}, "has task='sound'; known are text-classification, image-"),
        ({"classes": ["a", "b"]}, "gives logits float32 .1 x 3.; its signature names 2 classes"),
        ({"preprocessing": {}}, "shape=None is not allowed"),
        (
            {"preprocessing": {"shape": [8, 8, 2]}},
            r"shape=\[8, 8, 2\] is not",
        ),
        (
            {"preprocessing": {"shape": [8, 9, 1]}},
            "a model of images has images float32 .any x 8 x 9 x 1.",
        ),
    ],
)
def test_a_signature_that_does_not_fit_is_refused(image_model, changes, said):
    sign(image_model, **changes)
    with pytest.raises(UserError, match=said):
        load(image_model)


def test_a_bundle_brings_images_and_their_answers(image_model, tmp_path, expected_of_images):
    path = bundle.write(image_model, tmp_path / "tiny.zip")
    with bundle.unpacked(path) as content:
        np.testing.assert_array_equal(content.examples, TEST)
        assert content.samples.examples.tolist() == [f"test {i}" for i in range(len(TEST))]
        np.testing.assert_allclose(content.samples.probabilities, expected_of_images, rtol=1e-5)
    np.testing.assert_allclose(load(path).answers(TEST), expected_of_images, atol=1e-5)


def test_large_images_are_few_in_a_bundle(image_model, tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "MOST_KEPT", 5 * TEST[0].nbytes)
    with bundle.unpacked(bundle.write(image_model, tmp_path / "tiny.zip")) as content:
        assert len(content.examples) == len(content.samples.labels) == 5
        np.testing.assert_array_equal(content.examples[[0, -1]], TEST[[0, -1]])


def test_a_bundle_without_its_images_is_refused(image_model, tmp_path):
    path = bundle.write(image_model, tmp_path / "tiny.zip")
    pickled = io.BytesIO()
    np.savez(pickled, images=np.array([{}], object))
    floats = io.BytesIO()
    np.savez(floats, images=np.zeros((3, 8, 8, 1)))
    for content, message in (
        (None, r"samples\.npz"),
        (pickled.getvalue(), r"samples\.npz cannot be read: .*pickle"),
        (floats.getvalue(), "images as float64"),
        (b"no arrays", r"samples\.npz cannot be read"),
    ):
        with pytest.raises(UserError, match=message):
            load(with_samples(path, content))


def with_samples(path, content: bytes | None):
    """A bundle with other sample images, for which its manifest vouches."""
    out = path.with_name("changed.zip")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(out, "w") as target:
        parts = {name: source.read(name) for name in source.namelist()}
        manifest = json.loads(parts.pop("manifest.json"))
        del parts["samples.npz"], manifest["files"]["samples.npz"]
        if content is not None:
            parts["samples.npz"] = content
            digest = hashlib.sha256(content).hexdigest()
            manifest["files"]["samples.npz"] = {"sha256": digest, "bytes": len(content)}
        for name, part in (parts | {"manifest.json": json.dumps(manifest).encode()}).items():
            target.writestr(name, part)
    return out


def test_a_run_without_its_images_cannot_be_bundled(image_model, tmp_path):
    (image_model.parents[1] / "predictions" / "images.npz").unlink()
    with pytest.raises(UserError, match=r"neither test\.csv nor .* with images\.npz"):
        bundle.write(image_model, tmp_path / "tiny.zip")


@given(arrays(np.uint8, array_shapes(min_dims=4, max_dims=4, max_side=5)))
def test_images_come_out_of_the_wire_as_they_went_in(images):
    again = unpacked(json.loads(json.dumps(packed(images))))
    np.testing.assert_array_equal(again, images)
    assert again.dtype == np.uint8


@given(st.lists(st.text()))
def test_texts_come_out_of_the_wire_as_they_went_in(texts):
    assert unpacked(json.loads(json.dumps(packed(np.array(texts, object))))) == texts


def test_the_signature_of_texts_keeps_its_tokenizer(model):
    record = json.loads(beside(model).read_text())
    beside(model).write_text(json.dumps(record | {"tokenizer": ""}))
    with pytest.raises(UserError, match="leaves the folder"):
        load(model)
