"""A step's training moves the rows of a large token table that its data reach, and no other."""

from pathlib import Path

import keras
import keras_hub
import numpy as np
import pytest
from stopping import Stop, stopping_after_one_epoch
from subjects import SUBJECTS
from tagged_sentences import write_sentences

from kerastc import launch
from kerastc.compress import compress
from kerastc.compress.steps import teaching
from kerastc.models.loading import load_model
from kerastc.models.parts import encoder_layer
from kerastc.outputs.classes.predictions import read_predictions
from kerastc.run import Run
from kerastc.text.vocabularies import SPECIAL, WordPiece
from kerastc.training import token_table

UNUSED = [f"unused{i}" for i in range(300)]
LETTERS = [letter for c in "abcdefghijklmnopqrstuvwxyz0123456789" for letter in (c, f"##{c}")]
VOCABULARY = [*SPECIAL, *" ".join(SUBJECTS.values()).split(), *LETTERS, *UNUSED]
SMALL = ["trainable=all", "epochs=3", "learning_rate=5e-3", "batch_size=16"]
TEACH = "epochs=2,learning_rate=2e-3"


@pytest.fixture(scope="module")
def backbone(tmp_path_factory) -> Path:
    """A folder with a tiny BERT, most of whose words no text has."""
    folder = tmp_path_factory.mktemp("unused") / "encoder"
    keras.utils.set_random_seed(7)
    keras_hub.models.BertBackbone(
        vocabulary_size=len(VOCABULARY),
        **dict(num_layers=2, num_heads=2, hidden_dim=16, intermediate_dim=32),
        max_sequence_length=64,
    ).save_to_preset(str(folder))
    WordPiece(VOCABULARY).tokenizer().save(folder)
    return folder


@pytest.fixture(scope="module")
def run(backbone, subjects_csv, folders) -> Run:
    words = [f"data={subjects_csv}", f"backbone={backbone}", "max_tokens=12", *SMALL]
    return launch.train("text", words, folders=folders, folder=folders.runs / "unused")


@pytest.fixture(scope="module")
def tags(backbone, folders, tmp_path_factory) -> Run:
    data = write_sentences(tmp_path_factory.mktemp("sentences") / "tagged.txt")
    words = [f"data={data}", f"backbone={backbone}", "max_tokens=8", *SMALL]
    return launch.train("ner", words, folders=folders, folder=folders.runs / "unused-tags")


@pytest.fixture
def child(folders, tmp_path, monkeypatch):
    """Compresses a run, its table being large or not; gives the child and the optimizers' rows."""
    fit = teaching.fit

    def made(run: Run, *words: str, large: bool) -> tuple[Run, list[int]]:
        rows = []

        def fitted(model, *rest):
            done = fit(model, *rest)
            rows.append(max(v.shape[0] for v in model.optimizer.variables if len(v.shape) > 1))
            return done

        monkeypatch.setattr(teaching, "fit", fitted)
        monkeypatch.setattr(token_table, "LARGE", 100 if large else 10_000)
        folder = tmp_path / ("cut" if large else "whole")
        return compress(run.folder, words, folders=folders, folder=folder), rows

    return made


def table(run: Run) -> np.ndarray:
    return encoder_layer(load_model(run.path("model.keras"))).table()


def same_files(run: Run, other: Run) -> None:
    for name in ("tokenizer/tokenizer.json", "preprocessing.json"):
        assert run.path(name).read_bytes() == other.path(name).read_bytes()


CHAINS = {
    "recover": [f"recover:{TEACH}"],
    "cut blocks": [f"structured:neurons=0.5,heads=0.5,{TEACH}"],
    "factors": ["low-rank:embedding=4", f"recover:{TEACH}"],
    "hidden states": [f"distill:layers=1,states=0.5,{TEACH}"],
    "dimensions": [f"distill:width=8,{TEACH}"],
    "another encoder's": [f"distill:backbone=BACKBONE,{TEACH}"],
}


@pytest.mark.backend
@pytest.mark.parametrize("chain", CHAINS)
def test_the_rows_in_use_learn_as_in_the_whole_table_and_the_others_stay(
    run, child, backbone, chain, capsys
):
    words = [word.replace("BACKBONE", str(backbone)) for word in CHAINS[chain]]
    cut, rows = child(run, *words, large=True)
    told = " ".join(capsys.readouterr().err.split())
    assert f"Of {len(VOCABULARY):,} tokens the texts can produce 3" in told
    whole, all_rows = child(run, *words, large=False)
    assert "can produce" not in capsys.readouterr().err
    assert rows[-1] < len(VOCABULARY) - len(UNUSED) + 1 and all_rows[-1] == len(VOCABULARY)

    ours, theirs = table(cut), table(whole)
    assert ours.shape == theirs.shape
    used = np.arange(5, 5 + 30)  # the words of the texts
    np.testing.assert_allclose(ours[used], theirs[used], atol=1e-3)
    if chain == "recover":
        before = table(run)
        assert (ours[used] != before[used]).any(axis=1).all()
        np.testing.assert_array_equal(ours[-len(UNUSED) :], before[-len(UNUSED) :])
    same_files(cut, whole)
    found, expected = (
        read_predictions(of.path("predictions", "test.csv")).probabilities for of in (cut, whole)
    )
    np.testing.assert_allclose(found, expected, atol=5e-3)


def test_further_texts_reach_their_tokens_too(run, child, tmp_path):
    file = tmp_path / "more.txt"
    file.write_text("unused7 unused8\n" * 4)
    cut, _ = child(run, f"recover:{TEACH},unlabelled={file}", large=True)
    moved = (table(cut) != table(run)).any(axis=1)[-len(UNUSED) :]
    assert list(np.flatnonzero(moved)) == [7, 8]


@pytest.mark.backend
def test_a_teacher_of_words_is_not_disturbed_by_other_ids(tags, child):
    cut, _ = child(tags, f"recover:{TEACH}", large=True)
    whole, _ = child(tags, f"recover:{TEACH}", large=False)
    [found], [expected] = (
        [step["details"] for step in of.read_json("compression.json")["steps"]]
        for of in (cut, whole)
    )
    assert found["validation_f1"] == expected["validation_f1"]
    for ours, theirs in zip(
        *(load_model(of.path("model.keras")).get_weights() for of in (cut, whole)), strict=True
    ):
        if len(ours) < len(VOCABULARY):
            np.testing.assert_allclose(ours, theirs, atol=2e-3)


@pytest.mark.backend
def test_zeros_stay_and_are_as_many_as_asked_for(run, child):
    cut, rows = child(run, f"prune:0.3,{TEACH}", "recover", large=True)
    assert len(rows) == 2 and max(rows) < len(VOCABULARY) - len(UNUSED) + 1
    first, second = cut.read_json("compression.json")["steps"]
    assert first["sparsity"] == second["sparsity"] == pytest.approx(0.3, abs=0.01)
    [share] = [s for path, s in first["details"]["sparsity"].items() if "token_embedding" in path]
    assert share == pytest.approx(0.3, abs=0.001)
    zeros = table(cut) == 0
    for part in (zeros[: -len(UNUSED)], zeros[-len(UNUSED) :]):
        assert part.mean() == pytest.approx(0.3, abs=0.01)


def test_a_table_that_is_not_pruned_gets_no_zeros(run, child):
    cut, _ = child(run, f"prune:0.3,{TEACH},exclude=token_embedding", large=True)
    np.testing.assert_array_equal(table(cut)[-len(UNUSED) :], table(run)[-len(UNUSED) :])


@pytest.mark.backend
def test_a_stopped_step_goes_on_to_the_same_weights(run, child, folders, tmp_path, monkeypatch):
    words = [f"prune:0.3,{TEACH}"]
    whole, _ = child(run, *words, large=True)
    saved = stopping_after_one_epoch(monkeypatch)
    with pytest.raises(Stop):
        compress(run.folder, words, folders=folders, folder=tmp_path / "stopped")
    stopped = compress(None, (), folders=folders, folder=tmp_path / "stopped", resume=True)
    assert saved == [0, 1]
    for ours, theirs in zip(
        *(load_model(of.path("model.keras")).get_weights() for of in (stopped, whole)), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
