"""Small corpora of made-up sentences that a tiny language model can learn."""

import json
import shutil
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from subjects import SUBJECTS

from kerastc.data.corpus import Corpus, ShardWriter
from kerastc.text.tokenizer import Tokenizer


def sentences(count: int, seed: int = 0) -> list[str]:
    """Sentences of words of one subject, each word followed by the next of its list."""
    random = np.random.default_rng(seed)
    lists = [words.split() for words in SUBJECTS.values()]
    found = []
    for _ in range(count):
        words = lists[random.integers(len(lists))]
        begin, length = random.integers(len(words)), random.integers(4, 12)
        found.append(" ".join(words[(begin + i) % len(words)] for i in range(length)))
    return found


def corpus(
    folder: Path, tokenizer: Tokenizer, texts: list[str], shard_tokens: int = 1000
) -> Corpus:
    """Texts as a corpus, in shards of so many tokens."""
    frame, rows = tokenizer.frame(1), tokenizer.encode(texts, 10_000)
    before, after = map(len, frame.ids)
    with ShardWriter(folder, tokenizer, shard_tokens) as writer:
        for row in rows:
            writer.add(row.ids[before : len(row.ids) - after])
    return Corpus.open(folder)


def words_of_two_layers(folder: Path) -> Path:
    """A folder with a random masked language model of 30 tokens, width 8 and 16 positions."""
    published = Path(__file__).parent / "models" / "published" / "bert_words"
    folder.mkdir(parents=True)
    shutil.copy(published / "vocab.txt", folder)
    config = json.loads((published / "config.json").read_text()) | {"num_hidden_layers": 2}
    (folder / "config.json").write_text(json.dumps(config))
    tensors, random = load_file(published / "model.safetensors"), np.random.default_rng(0)
    for name, tensor in [*tensors.items()]:
        if ".layer.0." in name:
            noise = 0.3 * random.normal(size=tensor.shape)
            tensors[name.replace(".0.", ".1.")] = (tensor + noise).astype("float32")
    save_file(tensors, folder / "model.safetensors")
    return folder
