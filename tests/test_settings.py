import json
from typing import Literal

import pydantic
import pytest
from pydantic import Field

from kerastc import settings
from kerastc.errors import UserError


class Stop(pydantic.BaseModel):
    model_config = settings.Config.model_config

    patience: int = 3  # epochs
    metric: str = "val_loss"  # watched


class Config(settings.Config):
    rate: float = Field(1e-3, gt=0)  # the peak
    shape: Literal["constant", "linear"] = "linear"  # of the schedule
    hidden: int | None = None  # units
    names: tuple[str, ...] = ()
    mirror: bool = False  # left and right
    stop: Stop = Stop()


def test_words_become_typed_values():
    config = settings.configure(
        Config,
        ["rate=5e-4", "hidden=none", "names=a,b", "mirror=true", "stop.patience=7", "seed=3"],
    )
    assert (config.rate, config.hidden, config.names) == (5e-4, None, ("a", "b"))
    assert (config.mirror, config.stop.patience, config.stop.metric) == (True, 7, "val_loss")
    assert config.seed == 3


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("learning=1", "There is no field 'learning'"),
        ("raet=1", "Did you mean 'rate'"),
        ("stop.patence=1", "Did you mean 'stop.patience'"),
        ("rate=fast", "rate=fast is not allowed: rate takes float"),
        ("rate=-1", "greater than 0"),
        ("shape=linaer", "shape takes constant | linear. Did you mean 'linear'"),
        ("hidden=many", "hidden takes int or none"),
        ("stop=3", "'stop' is a group of fields"),
        ("rate", "'rate' is not a setting"),
        ("mirror=perhaps", "mirror=perhaps is not allowed: mirror takes bool"),
        ("names=[1", "names=[1 is not allowed"),
    ],
)
def test_a_slip_is_refused_with_field_value_and_what_is_allowed(word, message):
    with pytest.raises(UserError) as error:
        settings.configure(Config, [word])
    assert message in str(error.value)


def test_a_required_field_says_what_it_is():
    class Needing(Config):
        data: str  # the file

    with pytest.raises(UserError, match=r"data=… is required: the file\."):
        settings.configure(Needing, [])


def test_fields_carry_the_comment_beside_them():
    found = {field.key: field for field in settings.fields(Config)}
    assert found["stop.patience"].comment == "epochs"
    assert found["seed"].comment.startswith("of splits")
    assert found["shape"].type_name == "constant | linear"
    assert found["rate"].default == 1e-3


def test_a_config_survives_its_file():
    config = settings.configure(Config, ["names=a,b", "stop.patience=9"])
    again = settings.validate(Config, json.loads(json.dumps(config.model_dump(mode="json"))))
    assert again == config


def test_a_word_sets_what_flat_shows():
    config = settings.configure(Config, ["names=a,b", "mirror=true", "rate=0.25"])
    words = [settings.word(key, value) for key, value in settings.flat(config).items()]
    assert settings.configure(Config, words) == config


class Patient(Config):
    stop: Stop = Stop(metric="val_accuracy")


def test_a_group_keeps_the_defaults_of_its_recipe():
    config = settings.configure(Patient, ["stop.patience=9"])
    assert (config.stop.patience, config.stop.metric) == (9, "val_accuracy")
    shown = {field.key: field.default for field in settings.fields(Patient)}
    assert (shown["stop.patience"], shown["stop.metric"]) == (3, "val_accuracy")


class Chosen(Patient):
    shape: Literal["constant", "linear"] = "linear"

    @classmethod
    def usual(cls, given):
        constant = given.get("shape") == "constant"
        return {"rate": 1e-2, "stop": {"metric": "val_f1", "patience": 1}} if constant else {}


def test_what_is_usual_hangs_on_what_is_given():
    config = settings.configure(Chosen, ["stop.patience=9", "shape=constant"])
    assert (config.rate, config.stop.patience, config.stop.metric) == (1e-2, 9, "val_f1")
    assert settings.configure(Chosen, ["stop.patience=9"]).stop.metric == "val_accuracy"


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["shape=constant"],
        ["shape=constant", "rate=0.001"],  # the class's default, but not what is usual
        ["shape=constant", "stop.metric=val_loss", "names=a"],
        ["stop.metric=val_loss"],
        ["stop.metric=val_accuracy"],
    ],
)
def test_what_is_changed_makes_the_config_again(words):
    config = settings.configure(Chosen, words)
    again = [settings.word(key, value) for key, value in settings.changed(config).items()]
    assert settings.configure(Chosen, again) == config
    assert len(again) <= len(words)


@pytest.mark.parametrize("value", ["inf", "-inf", "nan"])
@pytest.mark.parametrize("key", ["learning_rate", "weight_decay", "early_stopping.min_delta"])
def test_no_number_is_infinite_or_none(key, value):
    from kerastc.training.config import TextClassifierConfig

    with pytest.raises(UserError, match=f"{key}={value} is not allowed"):
        settings.configure(TextClassifierConfig, [f"{key}={value}"])


class Slow(settings.Config):
    rate: float = 0.1
    steps: int = 3  # of the slow way


class Quick(settings.Config):
    rate: float = 0.9
    jumps: int = 7


class Travel(settings.Config):
    """A way, and what it takes."""

    further = {"way": {"slow": Slow, "fast": Quick}}

    data: str
    way: Literal["slow", "fast"] = "slow"


def test_a_value_brings_its_own_settings():
    slow = settings.configure(Travel, ["data=x"])
    assert settings.flat(slow) == {"seed": 0, "data": "x", "way": "slow", "rate": 0.1, "steps": 3}
    fast = settings.configure(Travel, ["data=x", "jumps=2", "way=fast"])
    assert settings.flat(fast) == {"seed": 0, "data": "x", "way": "fast", "rate": 0.9, "jumps": 2}
    assert settings.changed(fast) == {"data": "x", "way": "fast", "jumps": 2}
    assert settings.validate(Travel, fast.model_dump()) == fast
    # What a run has of the other way is left behind.
    assert settings.configure(Travel, ["way=slow"], fast.model_dump()).rate == 0.9
    assert not hasattr(settings.configure(Travel, ["way=slow"], fast.model_dump()), "jumps")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["data=x", "jumps=2"], "It comes with way=fast."),
        (["data=x", "way=fats", "jumps=2"], "Did you mean 'fast'?"),
        (["data=x", "way=fast", "jmps=2"], "Did you mean 'jumps'?"),
        (["way=fast"], "data=… is required"),
    ],
)
def test_a_slip_beside_such_a_value_is_told(words, told):
    with pytest.raises(UserError) as caught:
        settings.configure(Travel, words)
    assert told in str(caught.value) + str(caught.value.hint)


def test_the_fields_are_shown_as_they_are_with_some_words():
    fields = {field.key: field for field in settings.shown(Travel, ["way=fast", "jumps=2"])}
    assert list(fields)[:2] == ["data", "way"]
    assert fields["way"].default == "fast" and fields["jumps"].default == 2
    assert fields["data"].required and "steps" not in fields
    assert {f.key: f.comment for f in settings.shown(Travel, [])}["steps"] == "of the slow way"
    with pytest.raises(UserError, match="jumps=x is not allowed"):
        settings.shown(Travel, ["way=fast", "jumps=x"])
