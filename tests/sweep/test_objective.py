"""What decides in a sweep: the main figure of the recipe's task, or the one that is asked for."""

from types import SimpleNamespace

import pytest

from kerastc import tasks
from kerastc.errors import UserError
from kerastc.folders import Folders
from kerastc.scores.figures import Figure
from kerastc.sweep import sweep
from kerastc.sweep.swept import SweptRecipe
from kerastc.tasks import deciding_figure

PERPLEXITY = Figure("perplexity", higher=False, share=False)
F1 = Figure("f1")


@pytest.fixture
def two_tasks(monkeypatch):
    known = {
        "words": SimpleNamespace(main=PERPLEXITY, figures=(PERPLEXITY,)),
        "tags": SimpleNamespace(main=F1, figures=(F1, Figure("loss", higher=False))),
    }
    found = {name: SimpleNamespace(output=output) for name, output in known.items()}
    monkeypatch.setattr(tasks, "TASKS", found)


def test_a_task_is_judged_by_its_main_figure_unless_another_is_asked_for(two_tasks):
    assert deciding_figure(["words"], None) is PERPLEXITY
    assert deciding_figure(["tags", "tags"], None) is F1
    assert not deciding_figure(["tags"], "loss").higher


def test_tasks_of_different_main_figures_want_one_that_decides(two_tasks):
    with pytest.raises(UserError, match="perplexity, f1") as caught:
        deciding_figure(["words", "tags"], None)
    assert "--objective" in caught.value.hint
    assert deciding_figure(["words", "tags"], "f1") is F1
    with pytest.raises(UserError, match="f1, loss") as caught:
        deciding_figure(["tags"], "los")
    assert "'loss'" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("text", "text-classification"),
        ("supervised", "image-classification"),
        ("one-class", "image-classification"),
    ],
)
def test_recipes_say_their_task(name, task):
    words = ["data=x", "seed=1,2"] if name == "text" else ["seed=1,2"]
    assert SweptRecipe.read(name, words).tasks == [task]


def test_a_figure_that_the_task_lacks_is_refused_before_anything_is_made(tmp_path):
    with pytest.raises(UserError, match="--objective acuracy") as caught:
        sweep("supervised", ["seed=1,2"], folders=Folders(tmp_path), objective="acuracy")
    assert "'accuracy'" in caught.value.hint
    assert not list(tmp_path.iterdir())
