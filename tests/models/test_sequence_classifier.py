import importlib.util
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import ops

from kerastc.errors import UserError
from kerastc.models import load_encoder, sequence_classifier, set_trainable, split_at_features

pytestmark = pytest.mark.backend
TEXTS = ["the cat sat on a mat", "a dog ran in the sun and sat", "mat"]


@pytest.fixture
def encoder(tiny):
    return load_encoder(str(tiny("DistilBert")))


@pytest.fixture
def batch(encoder):
    return encoder.tokenizer.pad(encoder.encode(TEXTS, 16))


@pytest.fixture
def precision(request):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy(before)


def predict(model, batch):
    return model.predict(batch, verbose=0)


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16", "mixed_float16"], indirect=True)
def test_logits_are_float32_in_every_precision(precision, tiny, batch, tmp_path):
    encoder = load_encoder(str(tiny("DistilBert")))
    model = sequence_classifier(encoder, 4)
    logits = predict(model, batch)
    assert logits.shape == (3, 4)
    assert logits.dtype == np.float32
    assert model.get_layer("encoder").compute_dtype == precision.removeprefix("mixed_")
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        predict(keras.saving.load_model(tmp_path / "model.keras"), batch), logits
    )


def test_pooling_is_the_mean_of_the_tokens_or_the_first(encoder, batch):
    sequences = encoder.model().predict(batch, verbose=0)
    mean = np.stack(
        [s[m == 1].mean(0) for s, m in zip(sequences, batch["padding_mask"], strict=True)]
    )
    for pooling, expected in {"mean": mean, "first": sequences[:, 0]}.items():
        features, _ = split_at_features(sequence_classifier(encoder, 2, pooling))
        np.testing.assert_allclose(predict(features, batch), expected, atol=1e-6)


def test_padding_does_not_change_the_logits(encoder, batch):
    model = sequence_classifier(encoder, 3)
    longer = {name: np.pad(rows, ((0, 0), (0, 7))) for name, rows in batch.items()}
    np.testing.assert_allclose(predict(model, longer), predict(model, batch), atol=1e-6)


@pytest.mark.parametrize("kind", ["DistilBert", "Bert"])
def test_head_after_features_equals_the_model(tiny, kind):
    encoder = load_encoder(str(tiny(kind)))
    batch = encoder.tokenizer.pad(encoder.encode(TEXTS, 16))
    model = sequence_classifier(encoder, 3, hidden=5)
    features, head = split_at_features(model)
    np.testing.assert_array_equal(predict(head, predict(features, batch)), predict(model, batch))


def test_head_shares_the_weights_of_the_model(encoder, batch):
    model = sequence_classifier(encoder, 3, seed=1)
    features, head = split_at_features(model)
    x, before = predict(features, batch), predict(model, batch)
    head.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    head.fit(x, np.array([0, 1, 2]), verbose=0)
    after = predict(model, batch)
    assert np.abs(after - before).max() > 1e-6
    np.testing.assert_array_equal(predict(head, x), after)


def test_seed_determines_the_first_weights(tiny):
    def kernel(seed):
        model = sequence_classifier(load_encoder(str(tiny("DistilBert"))), 3, seed=seed)
        return ops.convert_to_numpy(model.get_layer("classifier").kernel)

    np.testing.assert_array_equal(kernel(5), kernel(5))
    assert np.abs(kernel(5) - kernel(6)).max() > 1e-3


def test_seed_determines_the_dropout_of_the_whole_model(tiny, batch):
    def run(seed):
        model = sequence_classifier(
            load_encoder(str(tiny("DistilBert"))), 3, trainable="all", dropout=0.0, seed=seed
        )
        # The head's weights depend on the seed as well: look at the encoder only.
        return ops.convert_to_numpy(model.get_layer("encoder")(batch, training=True))

    np.testing.assert_array_equal(run(1), run(1))
    assert np.abs(run(1) - run(2)).max() > 1e-3


def test_a_checkpoint_of_the_variables_restores_the_dropout(tiny, batch):
    # Keras's own files leave the random states out; `model.variables` has them.
    model, other = (
        sequence_classifier(load_encoder(str(tiny("DistilBert"))), 3, trainable="all", seed=seed)
        for seed in (1, 2)
    )
    model(batch, training=True)
    for variable, value in zip(other.variables, model.variables, strict=True):
        variable.assign(value)
    expected = ops.convert_to_numpy(model(batch, training=True))
    np.testing.assert_allclose(
        ops.convert_to_numpy(other(batch, training=True)), expected, atol=1e-6
    )


def test_dropout_of_a_frozen_encoder_is_off(encoder, batch):
    model = sequence_classifier(encoder, 3, trainable="head", dropout=0.0)
    quiet = ops.convert_to_numpy(model(batch, training=True))
    np.testing.assert_allclose(quiet, predict(model, batch), atol=1e-6)
    set_trainable(model, "top_1")
    assert np.abs(ops.convert_to_numpy(model(batch, training=True)) - quiet).max() > 1e-4


# Width 8, inner 16: attention 4 (8 x 8 + 8), feed-forward 2 x 8 x 16 + 24, two norms 2 x 16.
LAYER = 4 * 72 + 280 + 32
HEAD = 8 * 8 + 8 + 8 * 3 + 3


@pytest.mark.parametrize("kind", ["DistilBert", "Bert", "Roberta"])
def test_trainable_parameters_are_those_asked_for(tiny, kind):
    encoder = load_encoder(str(tiny(kind)))
    model = sequence_classifier(encoder, 3)
    total = encoder.layer.backbone.count_params()
    pooler = 72 if kind == "Bert" else 0  # not seen by the sequence output
    for trainable, expected in {
        "all": total - pooler,
        "top_2": 2 * LAYER,
        "head": 0,
        "top_3": 3 * LAYER,
    }.items():
        count = set_trainable(model, trainable)
        assert count == (expected + HEAD, total - expected), trainable


def test_albert_counts_its_shared_layer_once(tiny):
    model = sequence_classifier(load_encoder(str(tiny("Albert"))), 3)
    assert set_trainable(model, "top_1").trainable == LAYER + HEAD
    with pytest.raises(UserError, match="Allowed for this encoder: head, top_1, all"):
        set_trainable(model, "top_2")


@pytest.mark.parametrize("trainable", ["top_0", "top_4", "top", "none", "", "top_1 ", "top_-1"])
def test_other_values_of_trainable_are_refused(encoder, trainable):
    with pytest.raises(UserError, match="Allowed for this encoder: head, top_1 to top_3, all"):
        sequence_classifier(encoder, 3, trainable=trainable)


@pytest.mark.parametrize(
    ("argument", "named"),
    [
        (dict(classes=1), "classes=1"),
        (dict(classes=3, pooling="max"), "pooling='max'"),
        (dict(classes=3, dropout=1.0), "dropout=1.0"),
        (dict(classes=3, hidden=0), "hidden=0"),
    ],
)
def test_other_arguments_are_refused(encoder, argument, named):
    with pytest.raises(UserError, match=named):
        sequence_classifier(encoder, **argument)


@pytest.mark.parametrize("kind", ["DistilBert", "Bert", "Albert"])
def test_training_moves_what_is_trainable_and_nothing_else(tiny, kind):
    encoder = load_encoder(str(tiny(kind)))
    model = sequence_classifier(encoder, 3, trainable="top_1")
    batch = encoder.tokenizer.pad(encoder.encode(TEXTS, 16))
    before = {w.path: ops.convert_to_numpy(w) for w in model.weights}
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(batch, np.array([0, 1, 2]), verbose=0)
    trainable = {w.path for w in model.trainable_weights}
    moved = {w.path for w in model.weights if np.any(ops.convert_to_numpy(w) != before[w.path])}
    assert moved <= trainable
    # Key biases have no gradient: they shift all scores of a query alike.
    still = [path for path in trainable - moved if "key/bias" not in path]
    assert not still


def test_a_saved_model_keeps_what_is_trained(encoder, tmp_path):
    model = sequence_classifier(encoder, 3, trainable="top_2")
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.get_layer("encoder").tuned == "top_2"
    assert len(again.trainable_weights) == len(model.trainable_weights)


READ = """
import sys
if sys.argv[3] == "blocked":
    for name in ("tensorflow", "tensorflow_text", "tf_keras"):
        sys.modules[name] = None  # an import of it fails as if it were not installed
import keras, numpy as np
import kerastc.models.sequence_classifier  # registers the layers
batch = dict(np.load(sys.argv[2]))
expected = batch.pop("logits")
logits = keras.saving.load_model(sys.argv[1]).predict(batch, verbose=0)
np.testing.assert_allclose(logits, expected, atol=2e-5)
print(keras.backend.backend())
"""


OTHERS = ["jax", "torch"] if keras.backend.backend() == "tensorflow" else ["tensorflow"]


@pytest.mark.parametrize("backend", OTHERS)
def test_a_saved_model_loads_in_a_fresh_process_on_another_backend(
    backend, batch, encoder, tmp_path
):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    model = sequence_classifier(encoder, 3, seed=3)
    model.save(tmp_path / "model.keras")
    np.savez(tmp_path / "batch.npz", logits=predict(model, batch), **batch)
    blocked = "open" if backend == "tensorflow" else "blocked"
    done = subprocess.run(
        [sys.executable, "-c", READ, "model.keras", "batch.npz", blocked],
        cwd=tmp_path,
        env=os.environ
        | {"KERAS_BACKEND": backend, "PYTHONPATH": os.pathsep.join(p or "." for p in sys.path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [backend]
