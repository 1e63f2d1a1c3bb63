"""A bundle comes back as it was written, and whatever is wrong with one is refused."""

import json
import stat
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from device_model import LABELS, TEXTS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kerastc.deploy import bundle, load
from kerastc.errors import UserError

SHARED = [HealthCheck.function_scoped_fixture]  # examples only read what the fixture made


@pytest.fixture
def packed(model, tmp_path) -> Path:
    return bundle.write(model, tmp_path / "out" / "tiny.zip")


@pytest.fixture
def temporary(tmp_path, monkeypatch) -> Path:
    """Where bundles are unpacked; it must be empty again after each."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def rewritten(packed: Path, changes: dict[str, bytes | None], extra=()) -> Path:
    """A bundle with other content under some names, or without it; the manifest as it was."""
    out = packed.with_name("rewritten.zip")
    with zipfile.ZipFile(packed) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zip:
        for name in source.namelist():
            content = changes.get(name, source.read(name))
            if content is not None:
                zip.writestr(name, content)
        for entry, content in extra:
            zip.writestr(entry, content)
    return out


def manifest(packed: Path) -> dict:
    with zipfile.ZipFile(packed) as archive:
        return json.loads(archive.read("manifest.json"))


def refused(path: Path, match: str) -> None:
    with pytest.raises(UserError, match=match) as error:
        load(path)
    assert path.name in error.value.message
    assert "kerastc export" in error.value.hint


def test_a_bundle_says_what_the_file_says(model, packed, temporary):
    np.testing.assert_array_equal(load(packed).answers(TEXTS), load(model).answers(TEXTS))
    with bundle.unpacked(packed) as content:
        assert content.samples.texts.tolist() == [*TEXTS]
        assert content.samples.labels.tolist() == LABELS.tolist()
        np.testing.assert_allclose(
            content.samples.probabilities, load(model).answers(TEXTS), rtol=1e-5
        )
    assert not any(temporary.iterdir())


def test_the_same_content_makes_the_same_file(model, packed, tmp_path):
    again = bundle.write(model, tmp_path / "again.zip")
    assert again.read_bytes() == packed.read_bytes()
    assert [path.name for path in packed.parent.iterdir()] == ["tiny.zip"]


@pytest.mark.parametrize(
    "name", ["../escape.txt", "/tmp/escape.txt", "a/../../escape", "a\\..\\b", "C:escape"]
)
def test_a_name_that_leaves_the_folder_is_refused(packed, temporary, name):
    told = manifest(packed)
    told["files"][name] = {"sha256": "0" * 64, "bytes": 4}
    path = rewritten(packed, {"manifest.json": json.dumps(told).encode()}, [(name, b"evil")])
    refused(path, "leaves its folder")
    assert not any(temporary.iterdir())
    assert not (temporary.parent / "escape.txt").exists()


def test_a_link_is_refused(packed):
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    refused(rewritten(packed, {}, [(link, "/etc/passwd")]), "link is not a plain file")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["model.tflite", "MODEL.tflite"])
def test_a_name_that_is_there_twice_is_refused(packed, name):
    refused(rewritten(packed, {}, [(name, b"evil")]), "occurs twice")


def test_a_file_that_the_manifest_does_not_list_is_refused(packed):
    refused(rewritten(packed, {}, [("more.txt", b"more")]), "more.txt is in only one of")
    refused(rewritten(packed, {"tokenizer/tokenizer.json": None}), "tokenizer.json is in only one")


def test_a_wrong_checksum_or_size_is_refused(packed, temporary):
    with zipfile.ZipFile(packed) as archive:
        content = bytearray(archive.read("model.tflite"))
    content[-1] ^= 1
    refused(rewritten(packed, {"model.tflite": bytes(content)}), "a different SHA-256")
    refused(rewritten(packed, {"model.tflite": bytes(content[:-1])}), "model.tflite has .* bytes")
    assert not any(temporary.iterdir())


def test_a_bomb_is_refused_before_it_goes_off(packed, temporary):
    zeros = b"\0" * (64 << 20)
    refused(rewritten(packed, {"model.tflite": zeros}), "unpacks to over 200 times its size")
    many = [(f"{i}.txt", b"") for i in range(200)]
    refused(rewritten(packed, {}, many), "more than 100")
    assert not any(temporary.iterdir())


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"format": 9}, "format is 9; this version reads 1"),
        ({"files": []}, "manifest.json cannot be read"),
        ({"files": {"a": {}}}, "manifest.json cannot be read"),
        ({"signature": "absent.json"}, "does not list absent.json"),
    ],
)
def test_a_broken_manifest_is_refused(packed, changes, match):
    content = json.dumps(manifest(packed) | changes).encode()
    refused(rewritten(packed, {"manifest.json": content}), match)


def test_what_is_no_bundle_is_refused(packed, tmp_path):
    refused(rewritten(packed, {"manifest.json": None}), r"manifest\.json is missing")
    with pytest.raises(UserError, match=r"no file .*absent\.zip"):
        load(tmp_path / "absent.zip")
    other = tmp_path / "other.zip"
    other.write_text("no archive")
    refused(other, "cannot be unpacked")


@settings(max_examples=40, suppress_health_check=SHARED)
@given(share=st.floats(0, 0.999))
def test_a_truncated_bundle_is_refused(packed, share):
    content = packed.read_bytes()
    cut = packed.with_name("cut.zip")
    cut.write_bytes(content[: int(share * len(content))])
    refused(cut, "cannot be unpacked")


@settings(max_examples=60, suppress_health_check=SHARED)
@given(place=st.floats(0, 0.999), value=st.integers(1, 255))
def test_a_changed_byte_is_refused_or_changes_nothing(packed, place, value):
    content = bytearray(packed.read_bytes())
    content[int(place * len(content))] ^= value
    changed = packed.with_name("changed.zip")
    changed.write_bytes(content)
    try:
        found = load(changed).answers(TEXTS)
    except UserError:
        return
    np.testing.assert_array_equal(found, load(packed).answers(TEXTS))


def test_only_a_finished_run_and_a_zip_make_a_bundle(model, tmp_path):
    with pytest.raises(UserError, match="is not a bundle's name"):
        bundle.write(model, tmp_path / "tiny.tar")
    (model.parents[1] / "predictions" / "test.csv").unlink()
    with pytest.raises(UserError, match=r"neither test\.csv nor validation\.csv"):
        bundle.write(model, tmp_path / "tiny.zip")
    assert not (tmp_path / "tiny.zip").exists()
