"""The peer for tags in its own process: `Trainer` and `BertForTokenClassification`.

    python -m benchmarks.tags_peer FOLDER

FOLDER as for benchmarks/peer.py; a row's text is its words with spaces between them, its label a
number for each word. The first token of a word has its tag, as in the documentation of
transformers on token classification. F1 counts as CoNLL-2002's script does: an `I-` that goes on
with nothing begins an entity.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
import transformers

from benchmarks.peer import trained
from kerastc.data.tagged.iob import as_iob2
from kerastc.outputs.tags.entities import units

IGNORED = -100


def main(folder: Path) -> None:
    """Trains as task.json says and writes result.json."""

    def model(task: dict) -> torch.nn.Module:
        return transformers.BertForTokenClassification.from_pretrained(
            task["weights"],
            num_labels=len(task["classes"]),
            classifier_dropout=task["config"]["dropout"],
        )

    trained(folder, model, read, transformers.DataCollatorForTokenClassification, f1)


def f1(output, task: dict) -> float:
    """Of the entities in the most probable tags."""

    def entities(tags) -> set:
        return set(units(as_iob2([task["classes"][tag] for tag in tags]), scheme=True))

    counts = np.zeros(2)
    for guesses, labels in zip(output.predictions.argmax(2), output.label_ids, strict=True):
        guessed, true = entities(guesses[labels >= 0]), entities(labels[labels >= 0])
        counts += 2 * len(guessed & true), len(guessed) + len(true)
    return counts[0] / counts[1]


def read(path: Path, tokenizer, max_tokens: int) -> list[dict]:
    """A tokenized row a sentence, unpadded, with a label for each token."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    words = [row["texts"][0].split(" ") for row in rows]
    encoded = tokenizer(words, is_split_into_words=True, truncation=True, max_length=max_tokens)
    found = []
    for number, row in enumerate(rows):
        labels, before = [], None
        for word in encoded.word_ids(number):
            labels.append(IGNORED if word in (None, before) else row["label"][word])
            before = word
        columns = {name: column[number] for name, column in encoded.items()}
        found.append(columns | {"labels": labels})
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]))
