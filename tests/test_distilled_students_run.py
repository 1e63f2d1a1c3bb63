"""Students of other sizes and starts: trained, stopped, an encoder for others, made smaller."""

import csv
import json

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from corpora import corpus, words_of_two_layers
from stopping import stopped_and_resumed

from kerastc import launch
from kerastc.cli import main
from kerastc.errors import UserError
from kerastc.models import encoder_layer, load_encoder
from kerastc.models.loading import load_model
from kerastc.models.low_rank import FactorisedEmbedding, LowRankDense
from kerastc.npz_files import read_arrays
from kerastc.run import Run

TEXTS = ["the cat sat on a mat", "the dog ran in the sun and sat", "a cat ran on the mat"]
TOKENS = 24  # of these, in the vocabulary of 30
SETTINGS = ["max_tokens=12", "packed=false", "batch_size=8", "learning_rate=1e-2"]
SETTINGS += ["validation_rows=20", "early_stopping.patience=0"]
SMALL = ["layers=1", "width=6", "table_width=3", "rank=2"]
LESSONS = ["hidden=1", "hidden_layers=[[0,0],[1,2]]", "relations=1", "relation_heads=4"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("students")
    return launch.Folders(folder / "runs", folder / "cache")


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    return words_of_two_layers(tmp_path_factory.mktemp("teacher") / "bert")


@pytest.fixture(scope="module")
def words(tmp_path_factory, teacher):
    """A corpus of its tokens, which has not all of them, and settings."""
    folder = tmp_path_factory.mktemp("corpora") / "tokens"
    made = corpus(folder, load_encoder(str(teacher)).tokenizer, [TEXTS[i % 3] for i in range(200)])
    return [f"corpus={made.folder}", f"teacher={teacher}", *SETTINGS]


@pytest.fixture(scope="module")
def small(words, folders) -> Run:
    """All at once: narrower, of low rank, with a factorised table, by all lessons."""
    given = [*words, *SMALL, *LESSONS, "epochs=2", "evaluate_every=12"]
    return launch.train("distil-encoder", given, folders=folders, folder=folders.runs / "small")


@pytest.fixture(scope="module")
def start(words, folders):
    """The run of a student that is saved as it starts."""

    def made(name, *given) -> Run:
        folder = folders.runs / name
        return launch.train(
            "distil-encoder", [*words, "epochs=0", *given], folders=folders, folder=folder
        )

    return made


def refused(words, folders):
    """What is said of words for which there is no student; nothing is left of the run."""
    folder = folders.runs / "refused"
    with pytest.raises(UserError) as caught:
        launch.train("distil-encoder", words, folders=folders, folder=folder)
    assert not folder.exists()
    return " ".join(str(caught.value).split())


def kerastc(*words):
    done = CliRunner().invoke(main, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    return done.stdout


def states_of(folder):
    encoder = load_encoder(str(folder), pairs=True)
    rows = encoder.pad(encoder.encode(TEXTS, 12))
    return keras.ops.convert_to_numpy(encoder.model()(rows))


def test_it_learns_by_all_that_it_is_taught(small):
    with small.path("history.csv").open() as file:
        rows = [*csv.DictReader(file)]
    for name in ("loss", "val_loss", "soft", "states", "hidden", "relations"):
        assert float(rows[-1][name]) < float(rows[0][name]), name
    assert "relations" in small.path("report.html").read_text()


def test_it_is_as_small_as_it_was_asked_for(small):
    model = load_model(small.path("model.keras"))
    encoder = encoder_layer(model)
    assert encoder.width == 6 and encoder.table().shape == (TOKENS, 3)
    assert isinstance(encoder.tokens, FactorisedEmbedding)
    for part in ("query", "key", "value", "projection", "inner", "outer"):
        layer = getattr(encoder.blocks[0], part)
        assert isinstance(layer, LowRankDense) and layer.rank == 2
    assert "projection" not in {layer.name for layer in model.layers}  # of its states
    told = small.read_json("metrics.json")
    ranks = told["method"]["ranks"]
    assert set(ranks.values()) == {2} and len(ranks) == 6
    assert told["training"]["parameters"] == model.count_params()


def test_one_that_was_stopped_comes_to_the_same(small, words, folders, monkeypatch):
    """To the last digit, with the projection of its states, which is trained, too."""
    given = [*words, *SMALL, *LESSONS, "epochs=2", "evaluate_every=12"]
    again = stopped_and_resumed("distil-encoder", given, folders, monkeypatch)
    newest = max(small.checkpoints())
    one, other = (read_arrays(one.checkpoints()[newest]) for one in (small, again))
    assert {*one} == {*other} and any(name.endswith("projection/kernel") for name in one)
    for name in set(one) - {"state"}:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def test_it_is_an_encoder_that_is_trained_made_smaller_and_exported(small, folders, tmp_path):
    path = tmp_path / "animals.csv"
    rows = ["the cat sat,cat", "a dog ran in the sun,dog", "a cat ran,cat", "the dog sat,dog"] * 10
    path.write_text("\n".join(["text,label", *(f"{n % 7} {row}" for n, row in enumerate(rows))]))
    given = [f"data={path}", f"backbone={small.folder}", "max_tokens=16"]
    given += ["trainable=all", "epochs=2"]
    made = launch.train("text", given, folders=folders, folder=folders.runs / "on-top")
    encoder = encoder_layer(load_model(made.path("model.keras")))
    assert encoder.width == 6 and encoder.table().shape == (TOKENS, 3)
    kerastc("export", made.folder)
    assert made.path("exports/model.tflite").is_file()
    steps = ["vocabulary", "structured:neurons=0.5,epochs=0", "prune:0.2,epochs=0", "quantize:int8"]
    kerastc("compress", made.folder, *steps)
    [child] = made.folder.glob("compressed/*/finished.json")
    assert [*child.parent.glob("exports/*.tflite")]


def test_a_student_teaches(small, words, folders):
    """A run of a distillation is a language model: of all its layers, it says what it said."""
    other = corpus(
        folders.runs.parent / "again", load_encoder(str(small.folder)).tokenizer, TEXTS * 20
    )
    given = [f"corpus={other.folder}", f"teacher={small.folder}", *SETTINGS, "layers=1", "epochs=0"]
    made = launch.train("distil-encoder", given, folders=folders, folder=folders.runs / "third")
    np.testing.assert_allclose(states_of(made.folder), states_of(small.folder), atol=1e-5)
    asked = ("predict", "the [MASK] sat", "--json")
    said = [
        json.loads(kerastc(asked[0], run.folder, *asked[1:]))[0]["masks"][0]
        for run in (small, made)
    ]
    assert [one["word"] for one in said[0]] == [one["word"] for one in said[1]]
    assert "table_width=" in refused([*given, "table_width=2"], folders)
    assert "width= comes before low-rank" in refused([*given, "width=4"], folders)


def test_a_run_of_a_language_model_teaches(words, teacher, folders):
    """A teacher that got its head, and went on, here."""
    given = [word for word in words if not word.startswith(("teacher=", "layers="))]
    given += [f"backbone={teacher}", "trainable=head", "epochs=1"]
    warm = launch.train("language-model", given, folders=folders, folder=folders.runs / "warm")
    given = [*words, f"teacher={warm.folder}", "layers=2", "epochs=0"]
    made = launch.train("distil-encoder", given, folders=folders, folder=folders.runs / "of-warm")
    np.testing.assert_allclose(states_of(made.folder), states_of(warm.folder), atol=1e-5)
    before, after = (one.read_json("metrics.json")["validation"] for one in (warm, made))
    assert after["loss"] < before["loss"]  # the same logits, of fewer tokens


def test_without_epochs_it_is_saved_as_it_starts(start, teacher, capsys):
    """All layers: its states are the teacher's, for its tokens."""
    made = start("as-it-is", "layers=2")
    assert "epochs=0: nothing is trained." in capsys.readouterr().err
    np.testing.assert_allclose(states_of(made.folder), states_of(teacher), atol=1e-5)
    assert made.finished and not made.checkpoints() and not made.path("history.csv").exists()
    told = made.read_json("metrics.json")
    assert told["training"]["epochs"] == 0 and told["validation"]["rows"] == 20
    assert "Masked words" in made.path("report.html").read_text()
    kerastc("compare", made.folder)


@pytest.mark.parametrize(
    "size", [["width=6"], ["table_width=3"], ["rank=2"]], ids=["width", "table_width", "rank"]
)
def test_from_nothing_it_has_the_same_sizes_and_knows_nothing(start, size, small):
    name = size[0].partition("=")[0]
    copied = start(f"{name}-copied", "layers=1", *size)
    random = start(f"{name}-random", "layers=1", *size, "start=random")
    one, other = (load_model(run.path("model.keras")) for run in (copied, random))
    assert [w.shape for w in one.weights] == [w.shape for w in other.weights]
    known = random.read_json("metrics.json")["validation"]["perplexity"]
    assert known == pytest.approx(TOKENS, rel=0.05)  # all tokens are as probable
    for mine, theirs in zip(one.weights, other.weights, strict=True):
        if mine.name not in ("gamma", "beta", "bias"):  # which may begin alike
            assert np.abs(np.array(mine) - np.array(theirs)).max() > 0, mine.path


def test_another_seed_is_another_start_from_nothing(start):
    states = [
        states_of(start(f"seed-{seed}", "start=random", f"seed={seed}").folder) for seed in (0, 1)
    ]
    assert np.abs(states[0] - states[1]).max() > 0.1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["width=8"], "width=8, but the model has 8 dimensions. Give fewer."),
        (["width=9"], "width=9, but the model has 8"),
        (["table_width=8"], "table_width=8, but the student is 8 wide"),
        (["width=6", "table_width=6"], "table_width=6, but the student is 6 wide"),
        (["relations=1", "relation_heads=3"], "relation_heads=3 does not divide the 8"),
        (["relations=1", "relation_layer=2"], "relation_layer=2, but teacher="),
        (["relation_layer=1"], "relation_layer= needs the weight of relations: relations=1"),
        (["relation_heads=2"], "relation_heads= needs the weight of relations"),
        (["hidden_layers=[[1,2]]"], "hidden_layers= needs the weight of their distance"),
        (["hidden=1", "hidden_layers=[[2,2]]"], "[2,2]: the student's states are 0 to 1"),
        (["hidden=1", "hidden_layers=[[1,3]]"], "the teacher's 0 to 2"),
        (["hidden=1", "hidden_layers=[1,2]"], "hidden_layers"),
        (["rank=2", "energy=0.9"], "rank= or energy=, not both"),
        (["soft=0", "hard=0"], "the head would learn nothing"),
        (["layers=5"], "layers=5, but teacher="),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_no_student_can_have_is_refused(given, said, words, folders):
    assert said in refused([*words, "layers=1", *given], folders)
