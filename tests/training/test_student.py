"""What a student has of its teacher at first: sizes, low-rank layers, random weights."""

import keras
import numpy as np
import pytest
from corpora import corpus, words_of_two_layers

from kerastc.data.corpus import Corpus
from kerastc.inputs.stream.parts import divided
from kerastc.models import encoder_layer, load_encoder
from kerastc.models.published_words import language_model
from kerastc.models.smaller import dimensions, fewer_layers
from kerastc.training.language_config import DistilConfig
from kerastc.training.language_model import masked_batches
from kerastc.training.student import student_of

pytestmark = pytest.mark.backend
TEXTS = ["the cat sat on a mat and ran", "a big dog ran in the sun", "the small red cat"] * 10


@pytest.fixture(scope="module")
def student(tmp_path_factory):
    """Makes a student of the same teacher by settings."""
    folder = tmp_path_factory.mktemp("teacher")
    encoder = load_encoder(str(words_of_two_layers(folder / "bert")), pairs=True)
    corpus(folder / "corpus", encoder.tokenizer, TEXTS)
    parts = divided(Corpus.open(folder / "corpus"), 12, False, 3, share=0.3, seed=0)
    teacher, _ = language_model(encoder, 0)

    def made(**settings):
        config = DistilConfig(
            corpus="corpus", teacher="bert", max_tokens=12, packed=False, batch_size=8, **settings
        )
        train, _ = masked_batches(parts, encoder, config)
        found = student_of(teacher, config, train, parts.token_counts)
        return teacher, found, train[0][0]

    return made


def logits(model, inputs):
    given = {tensor.name: inputs[tensor.name] for tensor in model.inputs}
    return keras.ops.convert_to_numpy(model(given))


def test_a_narrower_one_has_the_dimensions_that_vary_most(student):
    teacher, made, _ = student(layers=2, width=5)
    kept = dimensions(teacher, 5)
    table = encoder_layer(teacher).table()
    assert table[:, kept].var(axis=0).min() >= np.delete(table, kept, axis=1).var(axis=0).max()
    np.testing.assert_array_equal(encoder_layer(made.model).table(), table[:, kept])
    names = ("word_dense", "word_norm")
    one, other = ({n: m.get_layer(n).get_weights() for n in names} for m in (teacher, made.model))
    kernel, bias = one["word_dense"]
    np.testing.assert_array_equal(other["word_dense"][0], kernel[np.ix_(kept, kept)])
    np.testing.assert_array_equal(other["word_dense"][1], bias[kept])
    np.testing.assert_array_equal(other["word_norm"][0], one["word_norm"][0][kept])
    # Its states begin where they come from.
    states = np.random.default_rng(0).normal(size=(4, 8))
    np.testing.assert_array_equal((states[:, kept] @ made.projection)[:, kept], states[:, kept])
    assert not (states[:, kept] @ made.projection)[:, np.setdiff1d(np.arange(8), kept)].any()


def test_layers_of_low_rank_have_the_least_error_on_what_they_read(student):
    """Of the first layer: no kernel of that rank is nearer on the windows."""
    teacher, made, inputs = student(layers=1, rank=2)
    encoder, whole = encoder_layer(made.model), encoder_layer(fewer_layers(teacher, [0]))
    real = inputs["padding_mask"].astype(bool)
    [read, _], _ = whole.observed(inputs, training=False)
    read = keras.ops.convert_to_numpy(read)[real].astype(float)
    kernel = whole.blocks[0].query.get_weights()[0].astype(float)
    left, right, _ = encoder.blocks[0].query.get_weights()
    found = np.square(read @ kernel - read @ left @ right).sum()
    plain = np.linalg.svd(kernel)
    plain = plain[0][:, :2] * plain[1][:2] @ plain[2][:2]
    values = np.linalg.svd(read @ kernel, compute_uv=False)
    assert np.square(values[2:]).sum() * 0.99 <= found < np.square(read @ (kernel - plain)).sum()
    assert set(made.figures["ranks"].values()) == {2}


def test_energy_chooses_the_rank_of_each_layer(student):
    _, made, _ = student(layers=1, energy=0.7)
    ranks = made.figures["ranks"]
    assert ranks and len(set(ranks.values())) > 1
    assert max(made.figures["output_energy_lost"].values()) <= 0.3


def test_a_rank_that_makes_nothing_smaller_changes_nothing(student, capsys):
    teacher, made, inputs = student(layers=2, rank=8)
    assert "rank=8 makes no layer smaller" in capsys.readouterr().err
    found, expected = (logits(model, inputs) for model in (made.model, teacher))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_random_weights_have_the_deviation_of_berts(student):
    """Also of a product of two matrices."""
    _, made, _ = student(layers=2, rank=2, table_width=4, start="random", seed=3)
    encoder = encoder_layer(made.model)
    products = []
    for block in encoder.blocks:
        for name in ("query", "inner", "outer"):
            left, right, bias = getattr(block, name).get_weights()
            products.append((left @ right).ravel())
            assert not bias.any()
    table = np.matmul(*encoder.tokens.get_weights())
    assert np.concatenate(products).std() == pytest.approx(0.02, rel=0.3)
    assert table.std() == pytest.approx(0.02, rel=0.3)
    assert (encoder.norm.get_weights()[0] == 1).all()
    assert not made.model.get_layer("word_bias").get_weights()[0].any()
