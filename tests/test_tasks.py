"""Tasks by their names, and what is in their rooms."""

import pytest

from kerastc.capabilities import Capability
from kerastc.errors import UserError
from kerastc.run import Run
from kerastc.tasks import TASKS, task_of


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_each_task_has_an_input_and_an_output(task):
    assert task.units == f"{task.unit}s"
    assert task.columns
    assert task.input.sample and task.input.names["keras"]
    assert task.output.main in task.output.figures


def test_the_task_of_a_run_is_that_of_its_preprocessing(tmp_path):
    run = Run.create(tmp_path / "run", {"recipe": "text", "config": {}})
    run.write_json("preprocessing.json", {"task": "image-classification"})
    assert task_of(run) is TASKS["image-classification"]
    run.write_json("preprocessing.json", {"task": "poetry"})
    with pytest.raises(UserError, match="has task='poetry'; known are text-classification, im"):
        task_of(run)


def test_what_a_task_can_do_is_that_of_its_input_and_its_output():
    texts, images = (TASKS[f"{name}-classification"].capabilities for name in ("text", "image"))
    assert texts & images == {Capability.TEACHER}
    assert {Capability.TOKENS, Capability.BLOCKS} <= texts
    assert Capability.CONVOLUTIONS in images


def test_a_room_may_lack_a_module_that_not_every_output_needs():
    task = TASKS["text-classification"]
    assert task.optional_output_part("read") is None
    assert task.optional_output_part("scores") is task.output_part("scores")
