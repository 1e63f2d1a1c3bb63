"""`python -m benchmarks deployed`: the peers are the model of the run; who is how much faster."""

from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
TEXTS = 4
LENGTH = 9


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch):
    """The folder beside the package can be imported."""
    monkeypatch.syspath_prepend(ROOT)


@pytest.fixture(scope="module")
def model(tiny_encoder):
    """A classifier whose every weight is random, those of norms and biases, too."""
    from kerastc.models import load_encoder, sequence_classifier

    made = sequence_classifier(load_encoder(str(tiny_encoder)), 3, trainable="all")
    random = np.random.default_rng(0)
    made.set_weights([random.normal(0, 0.3, w.shape).astype(w.dtype) for w in made.get_weights()])
    return made


@pytest.fixture(scope="module")
def inputs():
    """Rows of 5, 6, 7 and 8 tokens, padded to 9."""
    ids = np.random.default_rng(1).integers(5, 40, (TEXTS, LENGTH)).astype("int32")
    mask = (np.arange(LENGTH) < np.arange(5, 9)[:, None]).astype("int32")
    return {"token_ids": ids * mask, "padding_mask": mask}


@pytest.fixture
def torch_model(model, tmp_path):
    """The same in PyTorch, and the folder of its weights."""
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from benchmarks import bert_weights, torch_bert

    bert_weights.write(model, tmp_path / "weights")
    return torch_bert.read(tmp_path / "weights")


def test_padded_logits_are_those_of_keras(model, torch_model, inputs):
    import torch

    found = torch_model(*(torch.from_numpy(inputs[n]).long() for n in inputs)).detach().numpy()
    expected = model.predict_on_batch(inputs)
    assert np.ptp(expected) > 1
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_without_padding_no_mask_is_needed(model, torch_model, inputs):
    import torch

    expected = model.predict_on_batch(inputs)
    for row, length in enumerate(inputs["padding_mask"].sum(1)):
        ids = torch.from_numpy(inputs["token_ids"][row : row + 1, :length]).long()
        np.testing.assert_allclose(torch_model(ids)[0].detach().numpy(), expected[row], atol=1e-4)


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_onnx_from_pytorch_gives_the_logits_of_keras(
    model, torch_model, inputs, tmp_path, attention
):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    from benchmarks import torch_to_onnx

    torch_to_onnx.write(tmp_path / "weights", tmp_path / "model.onnx", attention)
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"))
    expected = model.predict_on_batch(inputs)
    for row in range(TEXTS):
        one = {name: array[row : row + 1].astype("int64") for name, array in inputs.items()}
        np.testing.assert_allclose(session.run(None, one)[0][0], expected[row], atol=1e-4)


def test_a_compressed_run_is_no_plain_bert(model, tmp_path):
    from benchmarks import bert_weights
    from kerastc.errors import UserError
    from kerastc.models import compact
    from kerastc.models.layer_paths import replace, replaceable_layers
    from kerastc.models.low_rank import LowRankDense

    light = compact(model)
    [inner] = [one.path for one in replaceable_layers(light) if one.path.endswith("0/inner")]
    low_rank = LowRankDense(light.get_layer("encoder").blocks[0].inner.units, 2)
    low_rank.build((None, None, 16))
    with pytest.raises(UserError, match="was compressed"):
        bert_weights.write(replace(light, {inner: low_rank}), tmp_path)


class Answering:
    """A contender's process that always gives the same logits."""

    loaded = {"bytes": 1}

    def __init__(self, logits):
        self.logits = logits

    def ask(self, request):
        return {"outputs": {"logits": self.logits.tolist()}}


@pytest.mark.parametrize(("difference", "fails"), [(0.0005, False), (0.01, True), (np.nan, True)])
def test_a_peer_that_is_another_model_is_not_timed(difference, fails):
    from benchmarks.contenders import Contender
    from benchmarks.deployed import judged
    from kerastc.deploy.measure.targets import Rows
    from kerastc.errors import UserError

    expected = np.eye(3)
    rows = Rows(np.array(["a", "b", "c"], object), np.arange(3), expected)
    peer = Contender("PyTorch", "float32", "own length", peer=True, exact=True, load={})
    process = Answering(expected + difference)
    if fails:
        with pytest.raises(UserError, match=r"PyTorch float32 .* another model"):
            judged(peer, process, rows, expected)
    else:
        assert judged(peer, process, rows, expected)["accuracy"] == 1


def entry(model: str, how: str, peer: bool, p50: float, accuracy: float) -> dict:
    return {
        "runtime": "PyTorch" if peer else "LiteRT",
        "model": model,
        "how": how,
        "peer": peer,
        "latency_ms": {"p50": p50, "mean": 2 * p50},
        "accuracy": accuracy,
    }


def test_ours_is_compared_with_the_fastest_way_of_the_fastest_peer():
    from benchmarks import deployed_table

    result = {
        "keras_accuracy": 0.8,
        "entries": [
            entry("small", "padded", False, 0.5, 0.75),  # fast, but lost 5 points
            entry("child", "padded", False, 1.0, 0.795),
            entry("int8", "padded", True, 9.0, 0.8),
            entry("int8", "own length", True, 3.1, 0.8),
            entry("float32", "padded", True, 8.0, 0.8),
        ],
    }
    deployed_table.judge(result)
    entries = result["entries"]
    assert entries[result["best"]]["model"] == "child"
    assert entries[1]["times_faster"] == pytest.approx({"p50": 3.1, "mean": 3.1})
    assert [e["chosen"] for e in entries] == [True, True, False, True, True]
    assert result["verdict"] == "reached"

    entries[3]["latency_ms"]["p50"] = 2.9
    deployed_table.judge(result)
    assert result["verdict"] == "missed"
