"""The words of a sweep become a search space, or an error before any work."""

from typing import Literal

import pytest
from pydantic import Field, model_validator

from kerastc import settings
from kerastc.errors import UserError
from kerastc.sweep.space import parse


class Inner(settings.Config):
    patience: int = Field(3, ge=0)


class Config(settings.Config):
    rate: float = Field(0.1, gt=0)
    units: int | None = Field(None, ge=1)
    schedule: Literal["linear", "constant"] = "linear"
    names: list[str] = []
    sizes: list[int] | None = None
    data: str = ""
    inner: Inner = Inner()

    @model_validator(mode="after")
    def together(self) -> "Config":
        if self.rate == 1 and self.units == 1:
            raise ValueError("rate and units are both 1")
        return self


def test_commas_make_a_grid_and_single_values_stay_fixed():
    space = parse(Config, ["schedule=linear,constant", "rate=5e-2,0.5", "data=a.csv"])
    assert space.fixed == ("data=a.csv",)
    assert [space.words(row) for row in space.grid()] == [
        ["data=a.csv", "rate=0.05", "schedule=linear"],
        ["data=a.csv", "rate=0.05", "schedule=constant"],
        ["data=a.csv", "rate=0.5", "schedule=linear"],
        ["data=a.csv", "rate=0.5", "schedule=constant"],
    ]


def test_order_and_spelling_of_the_words_make_no_other_space():
    first = parse(Config, ["rate=5e-2,1e-1", "units=1,none"])
    assert first.as_dict() == parse(Config, ["units=1,none", "rate=0.05,.1"]).as_dict()


@pytest.mark.parametrize(
    ("word", "values"),
    [
        ("names=[a,b],[c]", [["a", "b"], ["c"]]),
        ('names=["a,b"],[]', [["a,b"], []]),
        ("sizes=[1,2],none", [[1, 2], None]),
        ('data="a,b",c', ["a,b", "c"]),
        ("inner.patience=0,4", [0, 4]),
    ],
)
def test_each_value_of_a_word_reaches_the_config(word, values):
    space = parse(Config, [word])
    configs = [settings.configure(Config, space.words(row)) for row in space.grid()]
    key = word.partition("=")[0]
    assert [settings.flat(config)[key] for config in configs] == values


@pytest.mark.parametrize(
    ("word", "low", "high", "log"),
    [
        ("rate=1e-6..1e-2:log", 1e-6, 1e-2, True),
        ("rate=.5..1", 0.5, 1.0, False),
        ("rate=1..1e1:int", 1, 10, False),
        ("units=8..64", 8, 64, False),
        ("units=8..64:int:log", 8, 64, True),
    ],
)
def test_a_range_has_ends_of_the_fields_type(word, low, high, log):
    [found] = parse(Config, [word]).ranges
    assert (found.low, found.high, found.log) == (low, high, log)
    assert type(found.low) is type(found.high) is type(low)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["raet=1,2"], "'raet'"),
        (["rate=1,x"], "rate=x"),
        (["rate=1,-1"], "rate=-1"),
        (["rate=0..1"], "rate=0.0"),
        (["units=1.5..4"], "units=1.5..4: it takes whole numbers"),
        (["rate=2..1"], "rate=2..1: the low end"),
        (["rate=-1..1:log"], "above 0"),
        (["rate=1..2:lgo"], "'lgo'"),
        (["schedule=1..2"], "schedule takes no numbers"),
        (["schedule=linear,cosine"], "linear | constant"),
        (["rate=1,2", "rate=3"], "rate is given twice"),
        (["rate=.5,0.50"], "rate=0.5 is given twice"),
        (["rate=1,2", "units=2,1"], "both 1"),  # no value alone is wrong, the combination is
        (["names=[a,[b]"], "no partner"),
        (["rate"], "'rate' is no override"),
        (["rate=1", "names=a,b"], "nothing to sweep"),
    ],
)
def test_a_slip_is_refused_by_name(words, told):
    with pytest.raises(UserError) as caught:
        parse(Config, words)
    assert told in str(caught.value)


def test_fewer_trials_than_combinations_are_a_fixed_choice_that_more_trials_extend():
    space = parse(Config, ["rate=1,2,3,4", "units=2,3,4"])
    few, more = space.plan(5, "study"), space.plan(9, "study")
    assert few == space.plan(5, "study")
    assert len(few) == 5
    assert few.items() <= more.items() <= space.plan(None, "study").items()


def test_a_range_wants_a_number_of_trials():
    with pytest.raises(UserError, match=r"range \(rate\)"):
        parse(Config, ["rate=1..2"]).plan(None, "study")


class Slow(settings.Config):
    rate: float = 0.1
    steps: int = 3


class Quick(settings.Config):
    rate: float = 0.9


class Travel(settings.Config):
    further = {"way": {"slow": Slow, "quick": Quick}}

    way: Literal["slow", "quick"] = "slow"


def test_a_field_that_brings_others_can_be_swept_with_what_all_have():
    space = parse(Travel, ["way=slow,quick", "rate=1,2"])
    assert len(space.grid()) == 4
    assert parse(Travel, ["way=slow", "steps=1,2"]).fixed == ("way=slow",)
    with pytest.raises(UserError, match="no field 'steps'") as caught:
        parse(Travel, ["way=slow,quick", "steps=1,2"])
    assert "way=slow" in caught.value.hint
