import keras
import keras_hub
import numpy as np
import pytest

from kerastc.models.compact_encoder import CompactEncoder
from kerastc.models.decoder import decoder
from kerastc.models.image_classifier import image_classifier, maps_of
from kerastc.models.low_rank import FactorisedEmbedding, LowRankDense
from kerastc.models.sequence_encoder import token_inputs
from kerastc.training.config import TrainingConfig
from kerastc.training.optimizer import adamw

pytestmark = pytest.mark.backend


def small_model():
    keras.utils.set_random_seed(3)
    return keras.Sequential(
        [keras.Input((6,)), keras.layers.LayerNormalization(), keras.layers.Dense(4)]
    )


def test_weight_decay_spares_vectors_and_shrinks_kernels():
    model = small_model()
    before = [weight.numpy().copy() for weight in model.trainable_variables]
    config = TrainingConfig(learning_rate=0.1, weight_decay=0.5, schedule="constant")
    optimizer = adamw(config, model, batches_per_epoch=1)
    optimizer.apply([keras.ops.zeros(w.shape) for w in model.trainable_variables])
    for old, weight in zip(before, model.trainable_variables, strict=True):
        # Decoupled: with a gradient of zero, only w <- w - rate * decay * w is left.
        expected = old if old.ndim < 2 else old * (1 - 0.1 * 0.5)
        np.testing.assert_allclose(weight.numpy(), expected, rtol=1e-6)


def test_accumulating_is_one_update_with_the_mean_gradient():
    """Rate, clipping, decay and bias correction must count updates, not batches."""
    random = np.random.default_rng(0)
    config = TrainingConfig(epochs=4, learning_rate=0.05, clip_norm=0.5, weight_decay=0.1)
    halves, whole = small_model(), small_model()
    accumulating = adamw(config.model_copy(update={"accumulation": 2}), halves, 2)
    plain = adamw(config, whole, 1)
    for _ in range(4):
        pair = [
            [random.normal(size=w.shape).astype("float32") for w in whole.trainable_variables]
            for _ in range(2)
        ]
        for gradients in pair:
            accumulating.apply([keras.ops.convert_to_tensor(g) for g in gradients])
        mean = [(a + b) / 2 for a, b in zip(*pair, strict=True)]
        plain.apply([keras.ops.convert_to_tensor(g) for g in mean])
    for a, b in zip(halves.trainable_variables, whole.trainable_variables, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-4, atol=1e-6)


def test_adamw_is_that_of_pytorch():
    torch = pytest.importorskip("torch", reason="the independent AdamW; installed for CI")
    model = small_model()
    kernel = model.trainable_variables[2]
    theirs = torch.nn.Parameter(torch.tensor(kernel.numpy()))
    peer = torch.optim.AdamW([theirs], lr=0.02, weight_decay=0.1, eps=1e-7)
    config = TrainingConfig(learning_rate=0.02, weight_decay=0.1, schedule="constant", clip_norm=0)
    ours = adamw(config, model, 1)
    random = np.random.default_rng(1)
    for _ in range(5):
        gradient = random.normal(size=kernel.shape).astype("float32")
        zeros = [keras.ops.zeros(w.shape) for w in model.trainable_variables]
        zeros[2] = keras.ops.convert_to_tensor(gradient)
        ours.apply(zeros)
        theirs.grad = torch.tensor(gradient)
        peer.step()
    np.testing.assert_allclose(kernel.numpy(), theirs.detach().numpy(), rtol=1e-4, atol=1e-6)


def test_the_fused_update_is_that_of_keras():
    if keras.backend.backend() != "tensorflow":
        pytest.skip("only TensorFlow has the kernel")
    config = TrainingConfig(epochs=6, learning_rate=0.02, weight_decay=0.1)
    ours, theirs = small_model(), small_model()
    fused = adamw(config, ours, 1)
    plain = keras.optimizers.AdamW.from_config(fused.get_config())
    plain.exclude_from_weight_decay([w for w in theirs.trainable_variables if len(w.shape) < 2])
    random = np.random.default_rng(2)
    for _ in range(6):
        gradients = [
            random.normal(size=w.shape).astype("float32") for w in ours.trainable_variables
        ]
        for optimizer, model in ((fused, ours), (plain, theirs)):
            tensors = [keras.ops.convert_to_tensor(g) for g in gradients]
            optimizer.apply(tensors, model.trainable_variables)
    for a, b in zip(ours.trainable_variables, theirs.trainable_variables, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5, atol=1e-7)


def hub_encoder(kind):
    sizes = dict(num_layers=1, num_heads=2, hidden_dim=4, intermediate_dim=6)
    rows = "vocab_size" if kind == "Electra" else "vocabulary_size"
    more = {"Electra": {"embedding_dim": 4}, "DebertaV3": {"bucket_size": 8}}.get(kind, {})
    backbone = getattr(keras_hub.models, f"{kind}Backbone")
    return backbone(**{rows: 9}, max_sequence_length=8, **sizes, **more)


def low_rank_encoder():
    tokens = FactorisedEmbedding(9, 2, 4)
    positions = keras.layers.Embedding(8, 4)
    encoder = CompactEncoder(tokens, positions, [])
    inputs = token_inputs()
    return keras.Model(inputs, LowRankDense(3, 2)(encoder(inputs)))


def autoencoder():
    network = image_classifier((8, 8, 3), 2, "cnn", width=0.05, seed=0)
    maps = maps_of(network)
    return keras.Model(maps.input, decoder(maps)(maps.output))


NETWORKS = {
    "bert": lambda: hub_encoder("Bert"),
    "distilbert": lambda: hub_encoder("DistilBert"),
    "electra": lambda: hub_encoder("Electra"),
    "deberta": lambda: hub_encoder("DebertaV3"),
    "low rank": low_rank_encoder,
    "residual": lambda: image_classifier((8, 8, 3), 2, "residual", width=0.1, seed=0),
    "cnn": lambda: image_classifier((8, 8, 3), 2, "cnn", width=0.05, seed=0),
    "autoencoder": autoencoder,
}


@pytest.mark.parametrize("name", NETWORKS)
def test_weight_decay_spares_biases_and_norms_of_any_rank(name):
    model = NETWORKS[name]()
    norms = (keras.layers.LayerNormalization, keras.layers.BatchNormalization)
    spared = set()  # as the layers tell, not their variables' names
    for layer in model._flatten_layers():
        own = layer.weights if isinstance(layer, norms) else [getattr(layer, "bias", None)]
        spared |= {id(weight) for weight in own if weight is not None}
    optimizer = adamw(TrainingConfig(weight_decay=0.5), model, 1)
    trained = model.trainable_variables
    decayed = {id(weight) for weight in trained if optimizer._use_weight_decay(weight)}
    assert decayed == {id(weight) for weight in trained} - spared
    assert spared & {id(weight) for weight in trained}
    if name == "bert":
        query = next(v for v in trained if v.path.endswith("query/bias"))
        assert len(query.shape) == 2
        assert id(query) not in decayed
