"""What a user reads before choosing a recipe comes without the seconds that heavy imports take."""

import subprocess
import sys

import pytest

HEAVY = {"keras", "keras_hub", "tensorflow", "jax", "torch"}
HEAVY |= {"matplotlib", "optuna", "pandas", "scipy", "sklearn"}


@pytest.mark.parametrize("words", [["--help"], ["train", "--help"], ["recipes"]], ids=" ".join)
def test_it_answers_without_a_heavy_import(words: list[str]):
    loaded, _ = _outcome(words)
    assert "kerastc" in loaded
    assert loaded.isdisjoint(HEAVY)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("compress {run} prun:0.8", "Did you mean 'prune'"),
        ("compress {run} quantize:int9", "Did you mean 'int8'"),
        ("compress {run} --within accuracy=0.01 --for speed", "latency"),
        ("compress {run} vocabulary", "needs a table of tokens; this run has convolutions"),
        ("sweep docstrings learning_rate=1e-4..1e-2:log", "--trials"),
        ("sweep --study cifar100 recipe=simcrl", "Did you mean 'simclr'"),
        ("sweep --study cifar100 epochs=few", "epochs=few is not allowed"),
        ("sweep --study {run}/study.toml", "Did you mean 'epochs'"),
        ("show cifar100", "round_epochs=28"),
        ("show one-class method=fixmatch", "consistency"),
        ("train docstrings epoch=3", "Write epochs=3"),
        ("train docstrings --backend theano", "tensorflow, jax"),
        ("train text data={run}/rows.csv", "rows.csv"),
        ("train text data={run}/table.csv", "usual name for the text"),
        ("train supervised data={run}/table.csv", "not a file of NumPy arrays"),
        ("train supervised data={run}/confg.json", "Did you mean 'config.json'"),
        ("train fixmatch unlabelled={run}/more", "no file or folder"),
        ("steps", "quantize"),
    ],
)
def test_a_slip_is_told_without_a_heavy_import(tmp_path, words, told):
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.json").write_text('{"recipe": "text", "config": {}}')
    (run / "table.csv").write_text("a,b\n1,2\n")
    (run / "metrics.json").write_text("{}")
    (run / "preprocessing.json").write_text('{"task": "image-classification"}')
    (run / "study.toml").write_text("[recipes.supervised]\nepoch = 3\n")
    loaded, output = _outcome(words.format(run=run).split())
    assert told in output
    assert loaded.isdisjoint(HEAVY)


def _outcome(words: list[str]) -> tuple[set[str], str]:
    """The packages that a command loads, and all that it prints."""
    program = (
        "import atexit, sys\n"
        "atexit.register(lambda: print('LOADED', *{m.split('.')[0] for m in sys.modules}))\n"
        f"from kerastc.cli import main; main({words!r}, prog_name='kerastc')"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    output, _, loaded = run.stdout.rpartition("LOADED")
    return set(loaded.split()), output
