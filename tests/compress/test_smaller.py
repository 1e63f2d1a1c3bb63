"""Students made of their teacher's parts, and what they are held to."""

import keras
import numpy as np
import pytest

from kerastc.compress.steps.distill import Distill
from kerastc.compress.steps.hidden_states import StateMatching
from kerastc.errors import UserError
from kerastc.models import compact, load_encoder, sequence_classifier
from kerastc.models.smaller import fewer_layers, kept_layers, narrower, spread

pytestmark = pytest.mark.backend
RANDOM = np.random.default_rng(0)


@pytest.fixture
def teacher(tiny_encoder) -> keras.Model:
    model = compact(sequence_classifier(load_encoder(str(tiny_encoder)), 3, seed=1))
    random = np.random.default_rng(1)
    for kernel in (w for w in model.trainable_weights if len(w.shape) > 1):
        kernel.assign(random.normal(0, 0.5, kernel.shape))  # the first ones do next to nothing
    return model


def batch() -> dict[str, np.ndarray]:
    mask = np.ones((4, 8), "int32")
    mask[1:, 5:] = 0
    return {"token_ids": RANDOM.integers(0, 50, (4, 8)).astype("int32"), "padding_mask": mask}


def test_layers_are_spread_evenly():
    assert spread(6, 3) == [0, 2, 4]
    assert spread(12, 4) == [0, 3, 6, 9]
    assert spread(6, 4) == [0, 1, 3, 4]
    assert spread(5, 5) == [0, 1, 2, 3, 4]


def test_all_layers_are_the_teacher_and_one_is_its_first(teacher):
    rows = batch()
    whole = fewer_layers(teacher, [0, 1])
    np.testing.assert_allclose(
        whole.predict_on_batch(rows), teacher.predict_on_batch(rows), atol=1e-6
    )
    encoder = teacher.get_layer("encoder")
    states = encoder.states({k: keras.ops.convert_to_tensor(v) for k, v in rows.items()})
    single = fewer_layers(teacher, [0]).get_layer("encoder")
    np.testing.assert_allclose(
        *(keras.ops.convert_to_numpy(x) for x in (single(rows), states[1])), atol=1e-6
    )


def test_a_student_shares_no_weight_with_its_teacher(teacher):
    before = [np.array(w) for w in teacher.get_weights()]
    student = fewer_layers(teacher, [1])
    student.set_weights([w + 1 for w in student.get_weights()])
    for now, then in zip(teacher.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_a_narrow_student_has_the_dimensions_that_vary_most(teacher, tmp_path):
    encoder = teacher.get_layer("encoder")
    table = np.array(encoder.tokens.get_weights()[0])
    table[:, [3, 7, 11]] *= 50
    encoder.tokens.set_weights([table])
    student = narrower(teacher, 3)
    small = student.get_layer("encoder")
    np.testing.assert_array_equal(small.tokens.get_weights()[0], table[:, [3, 7, 11]])
    kernel = encoder.blocks[1].outer.get_weights()[0]
    np.testing.assert_array_equal(small.blocks[1].outer.get_weights()[0], kernel[:, [3, 7, 11]])
    query = encoder.blocks[0].query.get_weights()[0]
    np.testing.assert_array_equal(small.blocks[0].query.get_weights()[0], query[[3, 7, 11]])
    student.save(tmp_path / "student.keras")
    rows = batch()
    loaded = keras.saving.load_model(tmp_path / "student.keras", safe_mode=True)
    np.testing.assert_array_equal(loaded.predict_on_batch(rows), student.predict_on_batch(rows))


def test_states_like_the_teachers_cost_nothing_and_others_do(teacher):
    rows = batch()
    for kept, near in (([0, 1], True), ([0], False)):
        student = fewer_layers(teacher, kept)
        model = StateMatching(student, teacher, 2.0)
        tensors = {k: keras.ops.convert_to_tensor(v) for k, v in rows.items()}
        encoder, held = student.get_layer("encoder"), teacher.get_layer("encoder")
        distance = model._distance(encoder.states(tensors, training=False), tensors)
        distance = float(keras.ops.convert_to_numpy(distance))
        assert (distance < 1e-5) == near
        if not near:  # the second of two states, by hand
            mine = keras.ops.convert_to_numpy(encoder.states(tensors)[1])
            theirs = keras.ops.convert_to_numpy(held.states(tensors)[2])
            norms = np.linalg.norm(mine, axis=-1) * np.linalg.norm(theirs, axis=-1)
            cosine = (mine * theirs).sum(-1) / norms
            mask = rows["padding_mask"].astype(bool)
            assert distance == pytest.approx((1 - cosine)[mask].mean() / 2, rel=1e-3)


def test_the_teacher_is_no_part_of_the_model_and_stays(teacher):
    student = fewer_layers(teacher, [0])
    model = StateMatching(student, teacher, 1.0)
    model.compile(keras.optimizers.SGD(0.1), keras.losses.CategoricalCrossentropy(from_logits=True))
    before = [np.array(w) for w in teacher.get_weights()]
    first = np.array(student.get_weights()[0])
    model.fit(batch(), np.eye(3, dtype="float32")[[0, 1, 2, 0]], verbose=0)
    assert [w.path for w in model.weights] == [w.path for w in student.weights]
    assert (np.array(student.get_weights()[0]) != first).any()
    for now, then in zip(teacher.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "needs to know the student"),
        ({"layers": 2, "backbone": "minilm"}, "needs to know the student"),
        ({"layers": 2, "keep": (0,)}, "not both"),
        ({"width": 8, "states": 1.0}, "one width"),
        ({"layers": 1, "soft": 0.0, "hard": 0.0}, "nothing to learn from"),
        ({"layers": 1, "soft": 0.0, "unlabelled": "x.txt"}, "unlabelled needs a teacher"),
        ({"layers": 1, "soft": 0.0, "augment": 1}, "augment needs a teacher"),
    ],
)
def test_what_cannot_work_is_refused_before_any_work(fields, message):
    with pytest.raises(UserError, match=message):
        Distill(**fields).check([])


@pytest.mark.parametrize("fields", [{"count": 3}, {"keep": (0, 2)}, {"keep": (1, 1)}])
def test_layers_that_are_not_there_are_refused(fields):
    with pytest.raises(UserError, match="but the model has 2 layers"):
        kept_layers("distill", "the model", 2, **fields)
