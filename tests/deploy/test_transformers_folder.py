"""`transformers` loads an exported run with its Auto classes, and gives what the run gives."""

import json

import keras
import numpy as np
import pytest
from encoder_runs import (
    LABELS,
    MOST,
    SECOND,
    TEXTS,
    WORDS,
    compressed,
    encoder_of,
    rows_of,
    write_run,
)
from encoder_runs import logits as places_of
from nasty_texts import NASTY

from kerastc.deploy import export
from kerastc.models import load_encoder
from kerastc.models.factors import with_narrow_table
from kerastc.models.loading import load_model
from kerastc.run import Run
from kerastc.text.tokenizer import Tokenizer

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")


def auto(name: str, run: Run):
    """What an Auto class makes of an exported folder, without a word."""
    folder = str(run.path("exports", "huggingface"))
    if name == "AutoTokenizer":
        return transformers.AutoTokenizer.from_pretrained(folder)
    made, said = getattr(transformers, name).from_pretrained(folder, output_loading_info=True)
    if name != "AutoModel":  # which leaves the head out
        assert not any(said.values()), said
    return made.eval()


def given(run: Run, pairs: bool):
    """Texts as AutoTokenizer encodes them, and as the run does."""
    encoder = load_encoder(str(run.folder), pairs=True)
    rows = rows_of(encoder, pairs)
    tokenizer = auto("AutoTokenizer", run)
    texts = (TEXTS, SECOND) if pairs else (TEXTS,)
    found = tokenizer(*texts, padding=True, truncation=True, max_length=MOST, return_tensors="pt")
    np.testing.assert_array_equal(found["input_ids"], rows["token_ids"])
    np.testing.assert_array_equal(found["attention_mask"], rows["padding_mask"])
    if pairs and encoder.segments:
        np.testing.assert_array_equal(found["token_type_ids"], rows["segment_ids"])
    return found, rows


KINDS = ["Bert", "DistilBert", "Electra", "Roberta", "Albert", "XLMRoberta"]
KINDS += ["bert_words", "albert_words", "roberta_words"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_language_model_has_the_same_states_and_logits(kind, tiny, tmp_path):
    run = write_run(tmp_path / "run", WORDS, encoder_of(kind, tiny))
    export(run, "huggingface")
    encoder = load_encoder(str(run.folder), pairs=True)
    texts, rows = given(run, pairs=encoder.segments)
    there = rows["padding_mask"] == 1
    with torch.no_grad():
        states = auto("AutoModel", run)(**texts).last_hidden_state.numpy()
        logits = auto("AutoModelForMaskedLM", run)(**texts).logits.numpy()
    expected = keras.ops.convert_to_numpy(
        encoder.model()({name: rows[name] for name in encoder.model().input})
    )
    np.testing.assert_allclose(states[there], expected[there], atol=1e-5)
    expected = places_of(load_model(run.path("model.keras")), rows)
    np.testing.assert_allclose(logits[there], expected[there], atol=1e-4)


CASES = [  # task, encoder, settings
    ("text-classification", "DistilBert", {"pooling": "first"}),
    ("text-classification", "DistilBert", {"pooling": "first", "hidden": 5}),
    ("text-classification", "Bert", {"pooling": "pooler"}),
    ("pair-classification", "albert", {"pooling": "pooler"}),
    ("pair-classification", "roberta", {"pooling": "pooler"}),
    ("token-classification", "DistilBert", {}),
    ("token-classification", "XLMRoberta", {}),
    ("token-classification", "Albert", {}),
    ("question-answering", "Bert", {}),
    ("question-answering", "bert_words", {}),
]


@pytest.mark.parametrize(("task", "kind", "settings"), CASES)
def test_a_task_has_the_same_logits(task, kind, settings, tiny, tmp_path):
    run = write_run(tmp_path / "run", task, encoder_of(kind, tiny), **settings)
    signature = export(run, "huggingface")
    name = {"text": "Sequence", "pair": "Sequence", "token": "Token"}.get(task.split("-")[0])
    name = f"AutoModelFor{name}Classification" if name else "AutoModelForQuestionAnswering"
    assert name in signature.notes[0]
    texts, rows = given(run, pairs=task.split("-")[0] in ("pair", "question"))
    model = auto(name, run)
    with torch.no_grad():
        found = model(**texts)
    assert tuple(found.keys()) == tuple(tensor.name for tensor in signature.outputs)
    saved = load_model(run.path("model.keras"))
    expected = keras.ops.convert_to_numpy(saved({t.name: rows[t.name] for t in saved.inputs}))
    there = rows["padding_mask"] == 1
    if task == "question-answering":
        found = torch.stack([found.start_logits, found.end_logits], -1).numpy()
    else:
        assert [model.config.id2label[number] for number in range(3)] == list(LABELS)
        found = found.logits.numpy()
    if found.ndim == 3:
        found, expected = found[there], expected[there]
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_what_compression_removed_is_filled_up(tiny, tmp_path):
    run = write_run(tmp_path / "run", "token-classification", tiny("Roberta"), compressed)
    export(run, "huggingface")
    texts, rows = given(run, pairs=False)
    with torch.no_grad():
        found = auto("AutoModelForTokenClassification", run)(**texts).logits.numpy()
    saved = load_model(run.path("model.keras"))
    expected = keras.ops.convert_to_numpy(saved({t.name: rows[t.name] for t in saved.inputs}))
    there = rows["padding_mask"] == 1
    np.testing.assert_allclose(found[there], expected[there], atol=1e-4)


def test_a_distilled_encoder_has_its_table_whole_again(tiny, tmp_path):
    """Of a factorised table, with which the head's products are, too."""
    folder = encoder_of("bert_words", tiny)
    run = write_run(tmp_path / "run", WORDS, folder, lambda model: with_narrow_table(model, 3))
    export(run, "huggingface")
    texts, rows = given(run, pairs=True)
    with torch.no_grad():
        found = auto("AutoModelForMaskedLM", run)(**texts).logits.numpy()
    expected = places_of(load_model(run.path("model.keras")), rows)
    there = rows["padding_mask"] == 1
    np.testing.assert_allclose(found[there], expected[there], atol=1e-4)


@pytest.mark.parametrize("kind", ["Bert", "Roberta", "XLMRoberta", "Albert"])
def test_every_text_has_the_ids_that_the_run_gives_it(kind, tiny, tmp_path):
    run = write_run(tmp_path / "run", "token-classification", tiny(kind))
    export(run, "huggingface")
    ours, theirs = Tokenizer.read(run.path("tokenizer")), auto("AutoTokenizer", run)
    for text, second in zip(NASTY, NASTY[1:] + NASTY[2:3], strict=True):
        [one], [two] = ours.encode([text], 9999), ours.encode([text], 9999, [second])
        assert theirs(text).input_ids == list(one.ids), text
        assert theirs(text, second).input_ids == list(two.ids), text
        cut = theirs(text, second, truncation=True).input_ids
        assert cut == list(ours.encode([text], MOST, [second])[0].ids), text
    assert theirs.model_max_length == MOST
    assert theirs.pad_token_id == ours.pad_id and theirs.mask_token_id == ours.mask_id
    assert theirs.unk_token_id == ours.unknown_id and theirs.padding_side == "right"
    words = ["Zebra", "東京", "cat's", "mat"]
    [one] = ours.encode([words], 99)
    assert theirs(words, is_split_into_words=True).input_ids == list(one.ids)


def test_a_token_that_is_special_to_us_alone_stays_text(tiny, tmp_path):
    """Named in tokenizer_config.json, a token that is not added would become special."""
    run = write_run(tmp_path / "run", "token-classification", tiny("Bert"))
    path = run.path("tokenizer", "tokenizer.json")
    told = Tokenizer.read(path.parent).described()
    told["added_tokens"] = [one for one in told["added_tokens"] if one["content"] != "[UNK]"]
    told |= {
        "padding": {"strategy": {"Fixed": 30}, "direction": "Left", "pad_to_multiple_of": None}
        | {"pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"}
    }
    path.write_text(json.dumps(told))
    export(run, "huggingface")
    ours, theirs = Tokenizer.read(path.parent), auto("AutoTokenizer", run)
    [row] = ours.encode(["a [UNK] cat"], 99)
    assert theirs("a [UNK] cat").input_ids == list(row.ids) and len(row.ids) == 7
    assert theirs.padding_side == "right"
