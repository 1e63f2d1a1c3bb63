"""What a step needs of a run, told before any work."""

import pytest

from kerastc.capabilities import Capability, listed
from kerastc.compress.steps.parse import STEPS, parse
from kerastc.errors import UserError

TOKENS, BLOCKS, TEACHER = Capability.TOKENS, Capability.BLOCKS, Capability.TEACHER
EVERYTHING = frozenset(Capability)


def refusal(word: str, has) -> UserError:
    [step] = parse([word])
    with pytest.raises(UserError) as error:
        step.check_run(frozenset(has))
    return error.value


@pytest.mark.parametrize(
    ("word", "needed"),
    [
        ("vocabulary", TOKENS),
        ("quantize:int4-tables", TOKENS),
        ("low-rank:embedding=8", TOKENS),
        ("recover:masking=0.1", TOKENS),
        ("distill:backbone=minilm", TOKENS),
        ("distill:layers=2", BLOCKS),
        ("distill:keep=[0],states=1", BLOCKS),
        ("structured:heads=0.5", BLOCKS),
        ("structured:drop=[1]", BLOCKS),
        ("structured:channels=0.5", Capability.CONVOLUTIONS),
        ("distill:depth=1", Capability.CONVOLUTIONS),
        ("recover:augment=1", Capability.SPLICED),
        ("recover:unlabelled=more.txt", Capability.FURTHER),
        ("recover:unlabelled=own", Capability.UNLABELLED),
        ("recover", TEACHER),
        ("structured:0.5", TEACHER),
    ],
)
def test_a_step_names_the_one_thing_that_a_run_lacks(word, needed):
    for step in parse([word]):
        step.check_run(EVERYTHING)
    error = refusal(word, EVERYTHING - {needed})
    assert f"needs {needed.value}; this run has" in error.message
    assert word.split(":")[0] in error.message and error.hint


@pytest.mark.parametrize(
    "word", ["recover:soft=0,hard=1", "structured:0.5,epochs=0", "prune:0.5,epochs=0", "quantize"]
)
def test_without_a_teacher_what_learns_from_none_still_applies(word):
    for step in parse([word]):
        step.check_run(EVERYTHING - {TEACHER})


def test_a_default_that_was_not_given_needs_nothing():
    for step in parse(["structured:channels=0.5", "low-rank:energy=0.9", "prune:0.5"]):
        step.check_run({Capability.CONVOLUTIONS, TEACHER})


def test_what_there_is_instead_is_told_in_the_words_of_the_step():
    error = refusal("structured:channels=0.5", {TOKENS, BLOCKS, TEACHER})
    assert "this run has a table of tokens and transformer blocks." in error.message
    assert error.hint == "For this run there is masking=, neurons=, heads=, layers=, drop=."
    images = {Capability.CONVOLUTIONS, Capability.UNLABELLED, TEACHER}
    assert "depth=, architecture=" in refusal("distill:layers=2", images).hint
    assert "unlabelled=own" in refusal("recover:unlabelled=more.txt", images).hint
    assert "soft=0,hard=1" in refusal("recover", images - {TEACHER}).hint


def test_a_width_of_blocks_is_a_number_of_dimensions():
    assert "number of dimensions" in refusal("distill:width=0.5", {BLOCKS, TEACHER}).message
    for step in parse(["distill:width=0.5"]):
        step.check_run({Capability.CONVOLUTIONS, TEACHER})


def test_capabilities_are_listed_in_one_order():
    assert listed([]) == "none"
    assert listed([TOKENS]) == "a table of tokens"
    assert listed({TEACHER, BLOCKS, TOKENS}).startswith("a table of tokens, transformer blocks and")


def test_only_fields_of_a_step_are_said_to_need_something():
    for step in STEPS.values():
        assert step.capability_of_field.keys() <= step.model_fields.keys()
