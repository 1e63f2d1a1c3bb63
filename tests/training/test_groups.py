"""Groups of variables: their rates, their decay and their thaw, on every backend."""

import keras
import numpy as np
import pytest
from test_fit import CLASSES, CONFIG, KillAt, Killed, data, history, model, new_run

from kerastc.errors import UserError
from kerastc.npz_files import read_arrays
from kerastc.outputs.classes.head import judge, loss
from kerastc.outputs.classes.scores import Classes
from kerastc.run import Run
from kerastc.training import TextClassifierConfig
from kerastc.training.batching import Batches
from kerastc.training.checkpoints import read_weights
from kerastc.training.fit import fit
from kerastc.training.groups import Group, layer_groups, partition
from kerastc.training.optimizer import adamw

pytestmark = pytest.mark.backend
__all__ = ["new_run"]


def test_the_first_group_that_fits_has_a_variable_and_each_has_one():
    first, second = Group("dense_1"), Group("dense")
    names = ["model/dense/kernel", "model/dense_1/kernel", "model/dense_1/bias"]
    assert partition([first, second], names) == [second, first, first]
    with pytest.raises(ValueError, match="model/dense/kernel is in none"):
        partition([first], names)


def by_hand(values, gradients, group, decayed, rate, decay, clip):
    """AdamW in float64 (Loshchilov and Hutter 2019, algorithm 2), from the thaw on."""
    value, first, second, number = values.astype("float64"), 0.0, 0.0, 0
    found = []
    for step, (gradient, scale) in enumerate(zip(gradients, clip, strict=True)):
        if step >= group.thaw:
            number += 1
            gradient = gradient.astype("float64") * scale
            own = rate * group.rate
            value = value * (1 - own * decay * decayed)
            first = 0.9 * first + 0.1 * gradient
            second = 0.999 * second + 0.001 * gradient**2
            mean, square = first / (1 - 0.9**number), second / (1 - 0.999**number)
            # Keras, as Kingma and Ba before section 2.1, has epsilon beside the raw moment.
            epsilon = 1e-7 / np.sqrt(1 - 0.999**number)
            value = value - own * mean / (np.sqrt(square) + epsilon)
        found.append(value)
    return found


def test_updates_are_those_of_a_calculation_by_hand():
    network = model()
    groups = [Group("dense_1", rate=0.5, decay=False), Group("dense", rate=0.2, thaw=3)]
    config = CONFIG.model_copy(
        update={"weight_decay": 0.1, "clip_norm": 0.7, "accumulation": 1, "schedule": "constant"}
    )
    optimizer = adamw(config, network, 5, groups)
    variables = network.trainable_variables
    random = np.random.default_rng(0)
    steps = [[random.normal(size=v.shape).astype("float32") for v in variables] for _ in range(7)]
    of = [groups[1], groups[1], groups[0], groups[0]]
    clip = []
    for number, gradients in enumerate(steps):
        moving = [g for g, group in zip(gradients, of, strict=True) if number >= group.thaw]
        clip.append(min(1.0, 0.7 / np.sqrt(sum((g.astype("float64") ** 2).sum() for g in moving))))
    expected = [
        by_hand(
            keras.ops.convert_to_numpy(variable),
            [gradients[i] for gradients in steps],
            of[i],
            of[i].decay and variable.name == "kernel",
            config.learning_rate,
            config.weight_decay,
            clip,
        )
        for i, variable in enumerate(variables)
    ]
    before = [keras.ops.convert_to_numpy(variable).copy() for variable in variables]
    for number, gradients in enumerate(steps):
        optimizer.apply([keras.ops.convert_to_tensor(gradient) for gradient in gradients])
        for i, variable in enumerate(variables):
            value = keras.ops.convert_to_numpy(variable)
            if number < of[i].thaw:  # to the bit, and nothing is remembered
                np.testing.assert_array_equal(value, before[i])
                for moments in (optimizer._momentums[i], optimizer._velocities[i]):
                    assert not keras.ops.convert_to_numpy(moments).any()
            else:
                np.testing.assert_allclose(value, expected[i][number], rtol=2e-5, atol=1e-6)


def train(run, groups, config=CONFIG, seed=0):
    network = model(seed)
    batches = Batches(*data(), config.batch_size, seed=config.seed)
    validation = Batches(*data(40, seed=1), 16)
    fit(
        network,
        batches,
        validation,
        loss(config),
        judge(Classes(CLASSES)),
        config,
        run,
        groups=groups,
    )
    return network


def test_groups_that_are_alike_train_as_none_do(new_run):
    plain, grouped = new_run(), new_run()
    networks = train(plain, ()), train(grouped, [Group("dense_1"), Group(".")])
    exact = keras.backend.backend() == "tensorflow"  # the others have kernels of their own
    for one, other in zip(*(network.get_weights() for network in networks), strict=True):
        np.testing.assert_allclose(one, other, rtol=0 if exact else 1e-4, atol=0 if exact else 1e-6)
    # A checkpoint's names do not tell that there were groups: the state has one shape.
    names = [read_arrays(run.checkpoints()[30]).keys() for run in (plain, grouped)]
    assert names[0] == names[1]
    assert {"model/dense/kernel", "optimizer/momentum/model/dense/kernel"} <= set(names[0])


# Two batches an update; the lower layer thaws behind the third stretch of four batches.
STRETCHES = CONFIG.model_copy(update={"evaluate_every": 4, "keep_checkpoints": 8})
THAWING = [Group("dense_1", rate=0.5), Group("dense", rate=0.2, thaw=6)]


@pytest.fixture(scope="module")
def never_stopped(tmp_path_factory):
    """A run, and the model that it trained."""
    run = Run.create(tmp_path_factory.mktemp("whole") / "run", {"recipe": "text"})
    return run, train(run, THAWING, STRETCHES)


@pytest.mark.parametrize("write", [3, 5, 7, 11])  # behind steps 4, 8, 12 (the thaw) and 20
def test_killed_before_at_and_behind_a_thaw_it_ends_with_the_same_digits(
    new_run, never_stopped, write
):
    whole, reference = never_stopped
    killed = new_run()
    with pytest.raises(Killed):
        train(KillAt(killed.folder, write), THAWING, STRETCHES)
    resumed = train(killed, THAWING, STRETCHES, seed=99)
    assert history(killed) == history(whole)
    for a, b in zip(reference.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    lower = [read_weights(path)["model/dense/kernel"]
             for _, path in sorted(whole.checkpoints().items())]  # fmt: skip
    np.testing.assert_array_equal(lower[0], lower[2])  # steps 4 and 12
    assert (lower[2] != lower[3]).any()


def text_config(**given):
    return TextClassifierConfig(**{"trainable": "all", "epochs": 8} | given)


@pytest.fixture
def text_model(tiny_encoder):
    from kerastc.models import load_encoder, sequence_classifier

    def make(trainable="all"):
        return sequence_classifier(load_encoder(str(tiny_encoder)), 3, trainable=trainable)

    return make


def groups_by_layer(made, groups):
    """Of each trainable variable, by name."""
    from kerastc.training.variable_names import model_variables

    trained = {id(variable) for variable in made.trainable_variables}
    names = [name for name, v in model_variables(made).items() if id(v) in trained]
    return dict(zip(names, partition(groups, names), strict=True))


def test_each_layer_below_learns_at_a_smaller_rate_and_thaws_an_epoch_later(text_model):
    made = text_model()
    config = text_config(rate_decay=2.0, unfreeze="gradual", accumulation=2)
    found = groups_by_layer(made, layer_groups(made, config, 5))
    expected = {
        "classifier": (1, 0),
        "layer_1/": (1 / 2, 3),  # the first whole update behind 5 batches
        "layer_0/": (1 / 4, 5),
        "embedding": (1 / 8, 8),
    }
    for part, (rate, thaw) in expected.items():
        groups = [group for name, group in found.items() if part in name]
        assert groups and {(group.rate, group.thaw) for group in groups} == {(rate, thaw)}
    assert len(set(found.values())) == 4


def test_the_head_learns_at_a_rate_of_its_own(text_model):
    made = text_model()
    found = groups_by_layer(made, layer_groups(made, text_config(head_rate=10), 5))
    rates = {name: group.rate for name, group in found.items()}
    assert {rate for name, rate in rates.items() if "layer" in name or "embedding" in name} == {1}
    assert {rate for name, rate in rates.items() if "classifier" in name} == {10}
    alone = layer_groups(text_model("head"), TextClassifierConfig(head_rate=10), 5)
    assert [(group.rate, group.variables) for group in alone] == [(10, "")]


def test_of_the_top_layers_there_are_no_groups_below(text_model):
    made = text_model("top_1")
    config = text_config(trainable="top_1", rate_decay=2.6)
    found = groups_by_layer(made, layer_groups(made, config, 5))
    assert {group.rate for group in found.values()} == {1, 1 / 2.6}
    assert {group.thaw for group in found.values()} == {0}
    assert layer_groups(made, text_config(trainable="top_1"), 5) == ()


def test_epochs_that_end_before_all_has_thawed_are_refused(text_model):
    with pytest.raises(UserError, match=r"one of 4 groups .* epochs=3 end before") as error:
        layer_groups(text_model(), text_config(unfreeze="gradual", epochs=3), 5)
    assert "epochs=4 or more" in error.value.hint


@pytest.mark.parametrize("given", [{"rate_decay": 2.6}, {"unfreeze": "gradual"}])
def test_settings_of_layers_want_layers(given):
    with pytest.raises(ValueError, match="trainable=head trains no layer"):
        TextClassifierConfig(trainable="head", **given)


def test_a_rate_never_grows_downwards():
    with pytest.raises(ValueError, match="rate_decay"):
        text_config(rate_decay=0.5)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_groups_train_in_mixed_precision(new_run, precision):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        run = new_run()
        config = STRETCHES.model_copy(update={"precision": precision, "epochs": 3})
        first = model().get_weights()
        train(run, THAWING, config)
    finally:
        keras.config.set_dtype_policy(before)
    checkpoints = [read_weights(path) for _, path in sorted(run.checkpoints().items())]
    np.testing.assert_array_equal(checkpoints[2]["model/dense/kernel"], first[0])
    assert (checkpoints[-1]["model/dense/kernel"] != first[0]).any()
