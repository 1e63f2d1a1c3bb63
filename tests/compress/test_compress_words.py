"""The words of the command line become steps, or a message before any work."""

import pytest

from kerastc.compress.steps.parse import STEPS, parse
from kerastc.errors import UserError
from kerastc.settings import fields


def test_values_with_and_without_a_name():
    steps = parse(["vocabulary", "low-rank:30", "distill:keep=[0,2],epochs=4", "quantize:int8"])
    assert [step.name for step in steps] == ["vocabulary", "low-rank", "distill", "quantize"]
    assert (steps[1].rank, steps[2].keep, steps[2].epochs, steps[3].kind) == (30, (0, 2), 4, "int8")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Which steps"),
        (["prun:0.5"], "no step 'prun'"),
        (["low-rank:0"], "low-rank:0: rank=0 is not allowed"),
        (["low-rank:rank=30,energie=0.5"], "no field 'energie' in this step"),
        (["low-rank:energy=1.5"], "energy=1.5 is not allowed"),
        (["low-rank"], "how low"),
        (["prune:1.0"], "sparsity=1.0 is not allowed"),
        (["prune:0"], "sparsity=0 is not allowed"),
        (["vocabulary:5"], "takes KEY=VALUE"),
        (["quantize:int3"], "kind=int3 is not allowed"),
        (["quantize:int8", "recover"], "no further step can change; recover comes after it"),
        (["vocabulary", "vocabulary"], "occurs twice"),
        (["recover:epochs=0"], "epochs=0 is not allowed"),
    ],
)
def test_slips_are_named(words, message):
    with pytest.raises(UserError) as error:
        parse(words)
    assert message in error.value.message


def test_a_near_name_is_offered():
    with pytest.raises(UserError) as error:
        parse(["quantise:int8"])
    assert "quantize" in error.value.hint


@pytest.mark.parametrize("name", STEPS)
def test_every_field_of_a_step_is_explained(name):
    unexplained = [f.key for f in fields(STEPS[name]) if f.key != "seed" and not f.comment]
    assert unexplained == []
    assert not any("Annotated" in field.type_name for field in fields(STEPS[name]))
