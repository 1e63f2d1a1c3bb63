"""Compression end to end on the command line: a run in, a smaller run out, stopped and resumed."""

import errno
import json
import shutil
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from stopping import Stop, stopping_after_one_epoch

from kerastc.cli import main
from kerastc.compress import compress
from kerastc.compress.pipeline import original_of
from kerastc.errors import UserError
from kerastc.outputs.classes.predictions import read_predictions
from kerastc.predictor import predictor_of
from kerastc.run import Run


@pytest.mark.backend
def test_a_chain_of_steps_leaves_a_run_that_predicts(trained, folders, tmp_path, capsys):
    run = compress(
        trained,
        ["vocabulary", "distill:layers=1,epochs=6,learning_rate=5e-3", "prune:0.3,epochs=0"],
        folders=folders,
        folder=tmp_path / "child",
    )
    before, after = Run(trained).read_json("metrics.json"), run.read_json("metrics.json")
    account = run.read_json("compression.json")
    assert Path(account["original"]) == trained
    assert [step["step"].split(":")[0] for step in account["steps"]] == [
        *("vocabulary", "distill", "prune"),
    ]
    counts = [step["parameters"] for step in account["steps"]]
    assert counts[0][0] == before["training"]["parameters"] > counts[0][1] > counts[1][1]
    assert counts[2] == [counts[1][1]] * 2 == [after["training"]["parameters"]] * 2
    assert account["steps"][2]["sparsity"] == pytest.approx(0.3, abs=0.02)
    assert after["test"]["accuracy"] > 0.6 > 1 / 3  # chance is a third
    assert after["baseline"] == before["baseline"]
    told = capsys.readouterr().err
    assert "1/3 vocabulary" in told and "3/3 prune" in told and "% zeros" in told
    written = read_predictions(run.path("predictions", "test.csv"))
    again = predictor_of(run).answers(list(written.texts))
    np.testing.assert_allclose(again, written.probabilities, atol=1e-5)
    assert not list(run.path("steps").rglob("*.keras")) and run.path("report.html").is_file()
    assert original_of(run).folder == trained
    assert "cooking" in run.path("labels.txt").read_text()


def assert_the_same_weights(one: Run, other: Run) -> None:
    models = [keras.saving.load_model(run.path("model.keras")) for run in (one, other)]
    for a, b in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.backend
def test_a_stopped_chain_goes_on_to_the_same_weights(trained, folders, tmp_path, monkeypatch):
    words = ["low-rank:rank=4", "recover:epochs=2,learning_rate=1e-3", "prune:0.5,epochs=0"]
    whole = compress(trained, words, folders=folders, folder=tmp_path / "whole")
    from kerastc.compress.steps import prune

    def stop(*args):
        raise Stop

    saved = stopping_after_one_epoch(monkeypatch)
    with pytest.raises(Stop):  # in the middle of recover
        compress(trained, words, folders=folders, folder=tmp_path / "cut")
    with monkeypatch.context() as patch, pytest.raises(Stop):  # then in prune
        patch.setattr(prune, "prune_once", stop)
        compress(None, (), folders=folders, folder=tmp_path / "cut", resume=True)
    cut = compress(None, (), folders=folders, folder=tmp_path / "cut", resume=True)
    assert len(saved) == 2
    assert_the_same_weights(whole, cut)
    assert [s["step"] for s in cut.read_json("compression.json")["steps"]] == words


def notes_in(folder) -> list[Path]:
    """Somebody's own files, wherever a stopped run may look."""
    folders = ("", "steps", "steps/1", "steps/1/checkpoints", "checkpoints")
    notes = [folder / inner / "notes.txt" for inner in folders]
    for note in notes:
        note.parent.mkdir(exist_ok=True)
        note.write_text("mine")
    return notes


def test_a_chain_stopped_in_its_first_step_keeps_what_is_not_its_own(
    trained, folders, tmp_path, monkeypatch
):
    from kerastc.compress.steps import teaching

    words = ["recover:epochs=2,learning_rate=1e-3"]
    child = tmp_path / "cut"
    stopping_after_one_epoch(monkeypatch)
    with pytest.raises(Stop):
        compress(trained, words, folders=folders, folder=child)
    notes = notes_in(child)
    before = {path for path in child.rglob("*") if path.is_file()}
    assert any(path.match("steps/1/checkpoints/step-*.npz") for path in before)
    resume = {"folders": folders, "folder": child, "resume": True}
    for refusal in (UserError("no"), KeyboardInterrupt(), OSError(errno.ENOSPC, "full")):
        with monkeypatch.context() as patch:
            patch.setattr(teaching, "fit", Mock(side_effect=refusal))
            with pytest.raises(UserError):
                compress(None, (), **resume)
        assert {path for path in child.rglob("*") if path.is_file()} >= before
    with pytest.raises(UserError, match="missing"):  # before its first step
        compress(None, (), **resume, moved=[str(tmp_path / "missing.csv")])
    assert {path for path in child.rglob("*") if path.is_file()} >= before
    assert compress(None, (), **resume).finished
    assert all(note.read_text() == "mine" for note in notes)
    assert not list(child.rglob("steps/1/checkpoints/*.npz"))


def test_gradual_pruning_that_was_stopped_comes_to_the_same_zeros(
    trained, folders, tmp_path, monkeypatch
):
    words = ["prune:0.6,epochs=3,learning_rate=1e-3"]
    whole = compress(trained, words, folders=folders, folder=tmp_path / "whole")
    saved = stopping_after_one_epoch(monkeypatch)
    with pytest.raises(Stop):
        compress(trained, words, folders=folders, folder=tmp_path / "cut")
    cut = compress(None, (), folders=folders, folder=tmp_path / "cut", resume=True)
    assert saved == [0, 1, 2]
    assert_the_same_weights(whole, cut)
    [step] = cut.read_json("compression.json")["steps"]
    assert step["sparsity"] == pytest.approx(0.6, abs=0.03)


@pytest.mark.backend
def test_texts_without_labels_are_learnt_from_the_teacher(trained, folders, tmp_path, monkeypatch):
    from kerastc.compress.steps import teaching

    seen = []

    def stop(model, batches, *rest):
        rows = {}
        for index in range(len(batches)):
            rows.update(zip(batches.batches.batches[index], batches[index][1], strict=True))
        seen.append(np.stack([rows[row] for row in range(len(rows))]))
        raise Stop

    monkeypatch.setattr(teaching, "fit", stop)
    texts = ["the pawn takes the rook", "salt and boil"]
    file = tmp_path / "more.txt"
    file.write_text("\n".join(texts) + "\n")
    words = f"distill:layers=1,augment=2,unlabelled={file}"
    with pytest.raises(Stop):
        compress(trained, [words], folders=folders, folder=tmp_path / "child")
    [targets] = seen
    rows = Run(trained).read_json("data.json")["splits"]["train"]["rows"]
    assert targets.shape == (3 * rows + len(texts), 3 + 3)
    labels, logits = np.split(targets, [3], axis=1)
    np.testing.assert_array_equal(labels[:, 0] >= 0, np.arange(len(targets)) < rows)
    teacher = predictor_of(Run(trained))
    expected = teacher.outputs(teacher.rows(texts))["logits"]
    np.testing.assert_allclose(logits[-2:], expected, atol=1e-5)


def test_a_child_of_a_child_has_the_first_run_as_its_teacher(trained, folders, tmp_path):
    words = ["prune:0.3,epochs=0"]
    child = compress(trained, words, folders=folders, folder=tmp_path / "one")
    grandchild = compress(child.folder, words, folders=folders, folder=tmp_path / "two")
    assert Path(grandchild.read_json("compression.json")["original"]) == trained


def test_zeros_stay_through_recovery(trained, folders, tmp_path):
    run = compress(
        trained, ["prune:0.5,epochs=0", "recover:epochs=2"], folders=folders, folder=tmp_path / "r"
    )
    first, second = (step["sparsity"] for step in run.read_json("compression.json")["steps"])
    assert first == second == pytest.approx(0.5, abs=0.03)


def invoke(*words) -> tuple[int, str]:
    result = CliRunner().invoke(main, list(map(str, words)))
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["low-rank:0"], "rank=0 is not allowed"),
        (["prune:1.0"], "sparsity=1.0 is not allowed"),
        (["quantize:int8", "recover"], "Put quantize last"),
        (["distill:layers=7"], "layers=7, but the model has 2 layers"),
        (["low-rank:rank=2,exclude=."], "nothing to do"),
    ],
)
def test_a_refused_step_leaves_nothing_behind(trained, words, message):
    code, output = invoke("compress", trained, *words)
    assert code == 1 and message in output and "Traceback" not in output
    assert not list(trained.glob("compressed/*"))


def test_unfinished_runs_and_folders_that_are_none_are_refused(trained, tmp_path):
    unfinished = tmp_path / "unfinished"
    shutil.copytree(trained, unfinished)
    (unfinished / "metrics.json").unlink()
    assert "has no final model" in invoke("compress", unfinished, "recover")[1]
    assert "no run" in invoke("compress", tmp_path / "nowhere", "recover")[1]


def test_changed_data_are_refused(trained, tmp_path):
    moved = tmp_path / "moved"
    shutil.copytree(trained, moved)
    config = json.loads((moved / "config.json").read_text())
    data = Path(config["config"]["data"])
    changed = tmp_path / "changed.csv"
    changed.write_text(data.read_text() + "rook rook rook,chess\n")
    config["config"]["data"] = str(changed)
    (moved / "config.json").write_text(json.dumps(config))
    code, output = invoke("compress", moved, "low-rank:rank=2")
    assert code == 1 and "The data changed" in output


def test_a_process_that_knows_nothing_of_compression_predicts(trained, folders, tmp_path):
    words = ["low-rank:rank=4,embedding=4"]
    child = compress(trained, words, folders=folders, folder=tmp_path / "child")
    command = [sys.executable, "-m", "kerastc", "predict", str(child.folder), "salt", "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["predicted"] in ("cooking", "sailing", "chess")


def test_a_compressed_run_is_not_trained_on(trained, folders, tmp_path):
    child = compress(trained, ["low-rank:rank=4"], folders=folders, folder=tmp_path / "child")
    code, output = invoke("train", "--resume", "--run", child.folder)
    assert code == 1 and f"kerastc compare {child.folder}" in output


def test_the_steps_are_listed_with_their_fields():
    code, output = invoke("steps")
    assert code == 0
    for word in ("low-rank", "energy", "quantize", "int8-static", "vocabulary", "min_count"):
        assert word in output
