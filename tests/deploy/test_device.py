"""What a device has is enough: Python, NumPy, click, the tokenizer's library and an interpreter."""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest
from device_model import CLASSES, TEXTS, write_run
from text_run import on_tensorflow
from tiny_presets import sentence_pieces

from kerastc.deploy import bundle, load

CLONE = Path(__file__).parents[2]
DEVICE = ("ai-edge-litert", "numpy", "click", "tokenizers")
# An import of anything else that is installed here fails, as it would there.
ABSENT = """
import importlib.metadata, sys
from importlib.machinery import PathFinder

HAS = {"kerastc", "numpy", "click", "tokenizers", "ai_edge_litert", "flatbuffers", "backports"}
HAS |= {"google", "ml_dtypes", "tqdm", "typing_extensions", "sitecustomize"}
HERE = set(importlib.metadata.packages_distributions()) - HAS

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in HERE:
            raise ModuleNotFoundError(f"No module named {name!r} on a device", name=name)

sys.meta_path.insert(0, Absent())
"""


@pytest.fixture
def device(tmp_path):
    """Runs Python as on a device; gives what it prints."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(ABSENT)
    environment = os.environ | {"PYTHONPATH": str(site), "COLUMNS": "80"}

    def run(*words: object) -> str:
        done = subprocess.run(
            [sys.executable, *map(str, words)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_a_sentencepiece_vocabulary_needs_neither_its_library_nor_keras_hub(device, tmp_path):
    made = sentence_pieces("XLMRoberta")
    made.save(tmp_path / "tokenizer")
    printed = device(
        "-c",
        "from pathlib import Path; from kerastc.text.tokenizer import Tokenizer; "
        "print(Tokenizer.read(Path('tokenizer')).encode(['the cat'], 9).ids[0].tolist())",
    )
    assert json.loads(printed) == made.encode(["the cat"], 9).ids[0].tolist()


def test_the_device_of_these_tests_lacks_what_a_device_lacks(device):
    for name in ("keras", "tensorflow", "pandas", "pydantic", "rich", "lazy_loader"):
        program = f"try: import {name}\nexcept ModuleNotFoundError: print('absent')"
        assert device("-c", program) == "absent\n"


def test_predict_and_benchmark_run_on_a_device(device, model, tmp_path):
    path = bundle.write(model, tmp_path / "tiny.zip")
    probabilities = load(model).answers([TEXTS[0]])[0]
    for file in (model, path):
        said = json.loads(device("-m", "kerastc", "predict", file, TEXTS[0], "--json"))
        assert said[0]["predicted"] == CLASSES[probabilities.argmax()]
        assert said[0]["probabilities"] == {
            name: pytest.approx(p, abs=1e-6) for name, p in zip(CLASSES, probabilities, strict=True)
        }
        words = ("-m", "kerastc", "benchmark", file, "--runs", 2)
        assert json.loads(device(*words, "--json"))[0]["rows"] == len(TEXTS)
        assert "accuracy" in device(*words)


@on_tensorflow
def test_images_are_measured_on_a_device_and_files_of_them_need_pillow(
    device, image_model, tmp_path
):
    for file in (image_model, bundle.write(image_model, tmp_path / "tiny.zip")):
        words = ("-m", "kerastc", "benchmark", file, "--runs", 2, "--json")
        assert json.loads(device(*words))[0]["agreement"] == 1
    program = (
        "from kerastc.deploy import load\nfrom kerastc.errors import UserError\n"
        "import numpy as np\n"
        f"classifier = load({str(image_model)!r})\n"
        "print(classifier.answers(np.zeros((2, 8, 8, 1), 'uint8')).shape)\n"
        "try: classifier.answers(['photo.png'])\nexcept UserError as error: print(error)"
    )
    said = device("-c", program)
    assert "(2, 3)" in said and "pip install pillow" in said


def test_a_file_of_texts_is_read_on_a_device(device, model, tmp_path):
    (tmp_path / "texts.csv").write_text("title,body\nking,rook\nboil,salt\n")
    words = ("--file", "texts.csv", "--text", "title+body", "--json")
    said = json.loads(device("-m", "kerastc", "predict", model, *words))
    assert [row["text"] for row in said] == ["king rook", "boil salt"]


def test_a_preparation_that_needs_a_dictionary_says_so(device, model, tmp_path):
    preparation = {"task": "text-classification", "max_tokens": 8, "max_characters": 0}
    record = json.loads(Path(f"{model}.json").read_text())
    record["preprocessing"] = preparation | {"preparation": {"lemmas": True}}
    Path(f"{model}.json").write_text(json.dumps(record))
    program = (
        "from kerastc.deploy import load\nfrom kerastc.errors import UserError\n"
        f"try: load({str(model)!r})\nexcept UserError as error: print(error)"
    )
    assert "pip install simplemma" in device("-c", program)


def test_a_cold_process_answers_in_under_a_second(model):
    """In seconds of the processor, which other work on the machine does not lengthen."""
    words = [sys.executable, "-m", "kerastc", "predict", str(model), "king", "--json"]
    subprocess.run(words, check=True, capture_output=True)  # files from disk
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    subprocess.run(words, check=True, capture_output=True)
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert min(used, wall) < 1


@pytest.mark.slow
def test_a_real_environment_of_a_device(converted, tmp_path):
    model = write_run(tmp_path / "run", converted())
    path = bundle.write(model, tmp_path / "tiny.zip")
    home = tmp_path / "device"
    subprocess.run([sys.executable, "-m", "venv", home], check=True)
    constraints = CLONE / "constraints.txt"
    install = [home / "bin" / "pip", "install", "--quiet"]
    subprocess.run([*install, "-c", constraints, *DEVICE], check=True)
    # Built from a copy: setuptools leaves its build folder in the tree.
    source = tmp_path / "source"
    source.mkdir()
    for name in ("kerastc", "recipes", "setup.cfg", "pyproject.toml", "LICENSE", "README.md"):
        (source / name).symlink_to(CLONE / name)
    subprocess.run([*install, "--no-deps", source], check=True)
    for words in (["predict", path, TEXTS[0]], ["benchmark", path, "--runs", "5"]):
        said = subprocess.run(
            [home / "bin" / "kerastc", *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert "cooking" in said or "accuracy" in said
