"""What a student of a language model learns by: its three losses, by closed forms."""

import keras
import numpy as np
import pytest
from corpora import corpus, words_of_two_layers

from kerastc.data.corpus import Corpus
from kerastc.inputs.stream.masking import NO_TARGET
from kerastc.inputs.stream.parts import divided
from kerastc.models import encoder_layer, load_encoder
from kerastc.models.published_words import language_model
from kerastc.models.student import fewer_layers
from kerastc.outputs.vocabulary.losses import PlaceCrossEntropy, divergence
from kerastc.training.language_config import DistilConfig
from kerastc.training.language_model import masked_batches
from kerastc.training.word_teacher import STATES, WORDS, Taught, TaughtBatches, with_states

pytestmark = pytest.mark.backend
TEXTS = ["the cat sat on a mat and ran", "a big dog ran in the sun", "the small red cat"] * 10


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A teacher of two layers, and a batch of windows with what it says."""
    folder = tmp_path_factory.mktemp("teacher")
    encoder = load_encoder(str(words_of_two_layers(folder / "bert")), pairs=True)
    corpus(folder / "corpus", encoder.tokenizer, TEXTS)
    config = DistilConfig(
        corpus=str(folder / "corpus"), teacher="bert", max_tokens=12, packed=False, batch_size=8
    )
    parts = divided(Corpus.open(folder / "corpus"), 12, False, 3, share=0.3, seed=0)
    teacher, own = language_model(encoder, 0)
    assert own
    train, _ = masked_batches(parts, encoder, config)
    return teacher, TaughtBatches(train, with_states(teacher))


def log_shares(logits, temperature=1.0):
    logits = logits.astype(float) / temperature
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def test_the_divergence_is_that_of_the_places_that_count():
    random = np.random.default_rng(0)
    teacher, student = random.normal(size=(2, 3, 4, 7)).astype("float32") * 3
    teacher[1, 2:] = 0
    said, own = log_shares(teacher, 2.0), log_shares(student, 2.0)
    each = (np.exp(said) * (said - own)).sum(axis=-1)
    there = np.ones((3, 4), bool)
    there[1, 2:] = False
    assert float(divergence(teacher, student, 2.0)) == pytest.approx(
        4 * each[there].mean(), rel=1e-5
    )
    assert float(divergence(teacher, teacher, 2.0)) == pytest.approx(0, abs=1e-6)


def test_the_loss_of_a_batch_is_the_sum_of_three(made):
    teacher, batches = made
    student = fewer_layers(teacher, [1])
    encoder_layer(student).tune("head")  # without dropout, as by hand
    inputs, targets = batches[0]
    there = targets != NO_TARGET
    assert not there.all() and not inputs[WORDS][~there].any()
    names = [tensor.name for tensor in teacher.inputs]
    read = {name: inputs[name] for name in names}
    theirs, mine = (
        keras.tree.map_structure(keras.ops.convert_to_numpy, with_states(model)(read))
        for model in (teacher, student)
    )
    np.testing.assert_allclose(inputs[WORDS][there], theirs["words"][there], rtol=1e-4, atol=1e-5)
    said, own = log_shares(theirs["words"], 2.0)[there], log_shares(mine["words"], 2.0)[there]
    soft = 4 * (np.exp(said) * (said - own)).sum(axis=-1).mean()
    hard = -log_shares(mine["words"])[there][np.arange(there.sum()), targets[there]].mean()
    real = inputs["padding_mask"].astype(bool)
    assert not real.all()
    one, other = mine["states"][real].astype(float), theirs["states"][real].astype(float)
    lengths = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
    states = (1 - (one * other).sum(axis=-1) / lengths).mean()
    assert min(soft, hard, states) > 0.01
    model = Taught(student, 5.0, 1.0, 2.0)
    model.compile("sgd", PlaceCrossEntropy(weight=2.0), jit_compile=False)
    found = model.train_on_batch(inputs, targets)
    assert float(np.ravel(found)[0]) == pytest.approx(5 * soft + 2 * hard + states, rel=1e-4)
    plain = {name: value for name, value in inputs.items() if name not in (WORDS, STATES)}
    found = model.test_on_batch(plain, targets)
    assert float(np.ravel(found)[0]) > 0  # an evaluation needs no teacher


def test_a_student_of_all_layers_says_what_its_teacher_does(made):
    teacher, batches = made
    student = fewer_layers(teacher, [0, 1])
    encoder_layer(student).tune("head")
    model = Taught(student, 5.0, 1.0, 2.0)
    model.compile("sgd", PlaceCrossEntropy(weight=0.0), jit_compile=False)
    inputs, targets = batches[0]
    assert float(np.ravel(model.train_on_batch(inputs, targets))[0]) == pytest.approx(0, abs=1e-4)
