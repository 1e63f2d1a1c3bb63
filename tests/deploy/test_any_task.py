"""A new output is used, exported, bundled and measured by code that does not know it.

Its outputs have as many rows as a text has tokens, which no task of kerastc's own has.
"""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import toy_task
from commands import kerastc
from text_run import MAX_TOKENS, on_tensorflow, texts

from kerastc.deploy import bundle, export, load
from kerastc.deploy.measure.benchmark import Protocol, benchmark
from kerastc.predictor import predictor_of
from kerastc.run import Run
from kerastc.text.preparation import TextPreparation

LABELS = ("noun", "verb", "other", "mark")
ROWS = 40


@pytest.fixture(autouse=True)
def registered():
    toy_task.register()
    yield
    toy_task.unregister()


@pytest.fixture(scope="module")
def tagged(tiny, tmp_path_factory) -> Run:
    """A run whose model looks up four numbers for each token."""
    import keras
    import keras_hub

    from kerastc.models import load_encoder
    from kerastc.models.sequence_encoder import token_inputs
    from kerastc.models.text_encoder import TextEncoder

    toy_task.register()
    tokenizer = load_encoder(str(tiny("Bert"))).tokenizer
    keras.utils.set_random_seed(0)
    backbone = keras_hub.models.AlbertBackbone(
        vocabulary_size=tokenizer.vocabulary_size,
        **dict(num_layers=1, num_heads=2, embedding_dim=8, hidden_dim=16, intermediate_dim=16),
        max_sequence_length=64,
    )
    inputs = token_inputs()
    features = TextEncoder(backbone, "all", name="encoder")(inputs)
    model = keras.Model(inputs, {"tags": keras.layers.Dense(len(LABELS), name="tags")(features)})
    kernel = model.get_layer("tags").kernel
    kernel.assign(np.random.default_rng(0).normal(size=kernel.shape) * 9)  # all are far apart
    run = Run.create(tmp_path_factory.mktemp("tags") / "run", {"recipe": "tags", "config": {}})
    model.save(run.path("model.keras"))
    tokenizer.save(run.path("tokenizer"))
    settings = {"task": toy_task.NAME, "max_tokens": MAX_TOKENS, "max_characters": 50}
    run.write_json("preprocessing.json", settings | {"preparation": asdict(TextPreparation())})
    run.write_text("labels.txt", "".join(f"{name}\n" for name in LABELS))
    run.path("predictions").mkdir()
    predictor = predictor_of(run)
    answers = predictor.answers(texts(ROWS))
    for part in ("validation", "test"):
        path = run.path("predictions", f"{part}.csv")
        truth = [tags[1] for tags in answers]
        predictor.output.write_predictions(path, ["text"], texts(ROWS), truth, answers)
    return run


@pytest.fixture(scope="module")
def files(tagged) -> dict[str, Path]:
    toy_task.register()
    options = {"litert": {}, "onnx": {"length": 0}, "saved_model": {}}
    return {name: export(tagged, name, **more).path for name, more in options.items()}


def test_a_run_answers_each_text_with_as_many_labels_as_it_has_tokens(tagged):
    predictor = predictor_of(tagged)
    rows = predictor.rows(texts())
    outputs = predictor.outputs(rows)["tags"]
    assert [tags.shape for tags in outputs] == [(len(row), len(LABELS)) for row in rows]
    for row, tags in zip(rows[:8], outputs, strict=False):
        alone = {"token_ids": row.ids[None], "padding_mask": np.ones((1, len(row)), "int32")}
        np.testing.assert_allclose(predictor.session.model(alone)["tags"][0], tags, atol=1e-4)


@on_tensorflow
@pytest.mark.parametrize("format", ["litert", "onnx"])
def test_an_exported_file_answers_as_the_run(tagged, files, format):
    found, wanted = load(files[format]).answers(texts()), predictor_of(tagged).answers(texts())
    assert found == wanted


@on_tensorflow
def test_a_saved_model_serves_what_the_output_says(tagged, files):
    import tensorflow as tf

    serve = tf.saved_model.load(str(files["saved_model"])).signatures["serving_default"]
    said = serve(texts=tf.constant(texts()[:3]))["names"].numpy()
    answers = predictor_of(tagged).answers(texts()[:3])
    for names, tags in zip(said, answers, strict=True):
        assert [name.decode() for name in names[: len(tags)]] == [LABELS[tag] for tag in tags]


@on_tensorflow
def test_the_signature_says_the_task_and_how_near_the_file_is(files):
    record = json.loads(Path(f"{files['litert']}.json").read_text())
    assert record["task"] == toy_task.NAME
    assert record["outputs"] == [{"name": "tags", "shape": [1, MAX_TOKENS, 4], "dtype": "float32"}]
    assert record["parity"]["agreement"] == 1 and record["parity"]["rows"] == ROWS


@on_tensorflow
def test_the_commands_use_it(tagged, files, tmp_path):
    packed = bundle.write(files["litert"], tmp_path / "tags.zip")
    [tags] = predictor_of(tagged).answers(["the cat sat"])
    wanted = [{"text": "the cat sat", "tags": [LABELS[tag] for tag in tags]}]
    for model in (tagged.folder, files["litert"], packed):
        said = json.loads(kerastc("predict", model, "the cat sat", "--json"))
        assert [{key: row[key] for key in wanted[0]} for row in said] == wanted
    assert " ".join(wanted[0]["tags"]) in kerastc("predict", files["onnx"], "the cat sat")
    table = tmp_path / "labelled.csv"
    table.write_text(f"text,label\nthe cat sat,{LABELS[tags[1]]}\n")
    said = json.loads(kerastc("evaluate", files["litert"], "--data", table, "--json"))
    assert (said["rows"], said["right"]) == (1, 1.0)


@on_tensorflow
def test_a_benchmark_measures_it(files, tmp_path, monkeypatch):
    program = "import sys\nsys.path.append({!r})\nimport toy_task\ntoy_task.register()\n"
    (tmp_path / "sitecustomize.py").write_text(program.format(str(Path(__file__).parent)))
    paths = [str(tmp_path), str(Path(toy_task.__file__).parents[2])]
    monkeypatch.setenv("PYTHONPATH", ":".join(paths))
    packed = bundle.write(files["litert"], tmp_path / "tags.zip")
    for entry in benchmark([files["litert"], packed], protocol=Protocol(1, 3)):
        assert (entry["task"], entry["rows"]) == (toy_task.NAME, ROWS)
        assert (entry["right"], entry["agreement"]) == (1.0, 1.0)
    said = " ".join(kerastc("benchmark", files["litert"], "--runs", 1).split())
    assert "model size gzip memory right agree" in said and "1.000 [1.000 1.000]" in said
