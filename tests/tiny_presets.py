"""Tiny randomly initialised encoders in folders as KerasHub writes them, and the real one."""

import io
import json
from collections.abc import Sequence
from pathlib import Path

import keras
import keras_hub
import numpy as np
import pytest
import sentencepiece
from safetensors.numpy import save_file
from tokenizers import pre_tokenizers

from kerastc.errors import UserError
from kerastc.models.minilm import MINILM
from kerastc.text.sentence_piece import roberta_sentence_pieces
from kerastc.text.sentence_piece import sentence_pieces as bert_sentence_pieces
from kerastc.text.tokenizer import Tokenizer
from kerastc.text.vocabularies import WordPiece
from kerastc.text.vocabularies import byte_pairs as roberta_byte_pairs

WORDS = "the cat sat on a mat and dog ran in sun café cafe 東 京 , . ! # [ ] sep ##s ##ed ##n"
WORD_PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS.split()]
SHAPE = dict(num_layers=3, num_heads=2, hidden_dim=8, intermediate_dim=16, max_sequence_length=32)
ARCHITECTURES = {
    "DistilBert": {},
    "Bert": {},
    "Electra": dict(embedding_dim=4),
    "Roberta": {},
    "Albert": dict(num_groups=1, num_inner_repetitions=1, embedding_dim=4),
    "XLMRoberta": {},
    "DebertaV3": dict(bucket_size=8),
}


SENTENCES = ("the cat sat on a mat", "the dog ran in the sun")


def byte_pair_files() -> tuple[dict[str, int], list[str]]:
    """Vocabulary and merges: every byte and a few merges."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = ["t h", "th e", "Ġ c", "a t", "Ġc at", "1 2", "12 3", "123 4"]
    tokens = ["<s>", "<pad>", "</s>", "<unk>", *alphabet]
    tokens += [merge.replace(" ", "") for merge in merges] + ["<mask>"]
    return {token: i for i, token in enumerate(tokens)}, merges


def byte_pairs() -> Tokenizer:
    return roberta_byte_pairs(*byte_pair_files())


def sentence_pieces(kind: str) -> Tokenizer:
    read = roberta_sentence_pieces if kind == "XLMRoberta" else bert_sentence_pieces
    return read(sentence_piece_proto("unigram", kind))


def sentence_piece_proto(
    model_type: str, kind: str = "Albert", sentences: Sequence[str] = SENTENCES, size: int = 22
) -> bytes:
    """A model file made of some sentences, with the special tokens of a kind."""
    model = io.BytesIO()
    names = dict(bos_piece="[CLS]", eos_piece="[SEP]", pad_piece="<pad>", unk_piece="<unk>")
    if kind == "XLMRoberta":
        names = dict(bos_piece="<s>", eos_piece="</s>", unk_piece="<unk>")
        ids = dict(unk_id=0, bos_id=1, eos_id=2)
    else:
        ids = dict(pad_id=0, unk_id=1, bos_id=2, eos_id=3)
    if kind == "DebertaV3":
        names["pad_piece"] = "[PAD]"
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([*sentences] * 4),
        model_writer=model,
        vocab_size=size,
        model_type=model_type,
        user_defined_symbols="[MASK]",
        minloglevel=2,
        **ids,
        **names,
    )
    return model.getvalue()


def tokenizer_of(kind: str) -> Tokenizer:
    if kind in ("DistilBert", "Bert", "Electra"):
        return WordPiece(WORD_PIECES).tokenizer()
    return byte_pairs() if kind == "Roberta" else sentence_pieces(kind)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """`tiny(kind)`: the path of a preset folder with a random encoder of that architecture."""
    made = {}

    def make(kind: str = "DistilBert") -> Path:
        if kind not in made:
            folder = tmp_path_factory.mktemp(kind)
            tokenizer = tokenizer_of(kind)
            size = "vocab_size" if kind == "Electra" else "vocabulary_size"
            sizes = {size: tokenizer.vocabulary_size, **SHAPE, **ARCHITECTURES[kind]}
            keras.utils.set_random_seed(1)
            backbone = getattr(keras_hub.models, f"{kind}Backbone")(**sizes)
            tokenizer.save(folder)
            backbone.save_to_preset(str(folder))
            made[kind] = folder
        return made[kind]

    return make


@pytest.fixture(scope="session")
def minilm():
    """The folder of the MiniLM package, where it is installed."""
    try:
        return MINILM.folder()
    except UserError as error:
        pytest.skip(f"{error}")


@pytest.fixture
def hugging_face(tmp_path):
    """A tiny random BERT as Hugging Face wrote it in 2019: task prefix, gamma and beta."""
    rng = np.random.default_rng(0)
    width, inner, rows = 8, 16, len(WORD_PIECES)

    def array(*shape):
        return rng.normal(0, 0.5, shape).astype("float32")

    weights = {
        "embeddings.word_embeddings.weight": array(rows, width),
        "embeddings.position_embeddings.weight": array(32, width),
        "embeddings.token_type_embeddings.weight": array(2, width),
        "embeddings.LayerNorm.gamma": array(width),
        "embeddings.LayerNorm.beta": array(width),
    }
    for i in range(2):
        for name, shape in {
            "attention.self.query": (width, width),
            "attention.self.key": (width, width),
            "attention.self.value": (width, width),
            "attention.output.dense": (width, width),
            "intermediate.dense": (inner, width),
            "output.dense": (width, inner),
        }.items():
            weights[f"encoder.layer.{i}.{name}.weight"] = array(*shape)
            weights[f"encoder.layer.{i}.{name}.bias"] = array(shape[0])
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            weights[f"encoder.layer.{i}.{name}.gamma"] = array(width)
            weights[f"encoder.layer.{i}.{name}.beta"] = array(width)
    save_file({f"bert.{k}": v for k, v in weights.items()}, tmp_path / "model.safetensors")
    config = dict(
        model_type="bert",
        hidden_act="gelu",
        vocab_size=rows,
        num_hidden_layers=2,
        num_attention_heads=2,
        hidden_size=width,
        intermediate_size=inner,
        max_position_embeddings=32,
    )
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True}))
    (tmp_path / "vocab.txt").write_text("\n".join(WORD_PIECES) + "\n", "utf-8")
    return tmp_path
