"""A smaller table: the same cuts and the same logits wherever no token is missing."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from kerastc.compress.steps.vocabulary import Vocabulary
from kerastc.compress.work import Work
from kerastc.errors import UserError
from kerastc.models import load_encoder, sequence_classifier


@pytest.mark.backend
@pytest.mark.parametrize("rank", [None, 4])
def test_the_logits_of_known_texts_stay(tiny_encoder, rank):
    from kerastc.models import compact
    from kerastc.models.factors import factorised
    from kerastc.models.layer_paths import replace

    encoder = load_encoder(str(tiny_encoder))
    model = compact(sequence_classifier(encoder, 3, seed=1))
    if rank:  # a table that was factorised before
        table = model.get_layer("encoder").tokens
        rows = np.asarray(table.get_weights()[0])
        left, right = rows[:, :rank], rows[:rank]
        model = replace(model, {"encoder/tokens": factorised(table, left, right)})
    texts = np.array(["boil salt pan", "mast wind wind harbour", "oven x1y"], dtype=object)
    batch = encoder.tokenizer.pad(encoder.encode(texts, 16))
    expected = model.predict_on_batch(batch)
    work = work_on(model, encoder.tokenizer, texts)
    told = Vocabulary().apply(work)
    tokenizer = work.subject.input.tokenizer
    assert told["tokens"] == [encoder.tokenizer.vocabulary_size, tokenizer.vocabulary_size]
    assert told["places"] == [64, 16] and tokenizer.id("king") is None
    again = tokenizer.pad(tokenizer.encode(texts, 16))
    assert (again["token_ids"] != batch["token_ids"]).any()
    np.testing.assert_allclose(work.model.predict_on_batch(again), expected, atol=1e-6)
    saved = keras.Model.from_config(work.model.get_config())
    assert saved.count_params() == work.model.count_params()


def test_rare_tokens_give_way_to_their_pieces(tiny_encoder):
    encoder = load_encoder(str(tiny_encoder))
    texts = np.array(["salt salt mast"], dtype=object)
    work = work_on(sequence_classifier(encoder, 3), encoder.tokenizer, texts)
    Vocabulary(min_count=2).apply(work)
    assert work.subject.input.tokenizer.id("salt") is not None
    assert work.subject.input.tokenizer.id("mast") is None


def test_twice_is_refused():
    with pytest.raises(UserError, match="twice"):
        Vocabulary().check([Vocabulary()])


def work_on(model, tokenizer, texts) -> Work:
    shown = SimpleNamespace(
        tokenizer=tokenizer,
        preprocessing={"max_tokens": 16},
        read_at_once=16,
        encoded=lambda texts, tokenizer, length: tokenizer.encode(texts, length),
    )
    train = SimpleNamespace(examples=texts)
    subject = SimpleNamespace(input=shown, splits=SimpleNamespace(train=train))
    return Work(subject, model, None)
