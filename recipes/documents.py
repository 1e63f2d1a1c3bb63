"""Sort documents: texts longer than an encoder reads.

A document is read in windows of as even length as can be, and the features of its windows become
one vector: their mean, their maximum, or a mean whose weights a query learns (attention). Tables
and splits are read as by the recipe `text`.

    kerastc train documents data=my.csv
    kerastc train documents data=my.csv windows=attention
    kerastc train documents data=my.csv trainable=top_2 window=256

Data: your own documents.

Cost: as for texts of a window's length, one per window. With the frozen encoder each window is read
once, and the report says what the first window alone would give.

Expect: more than from `text` where a document's end tells its class; news say at once what they are
about. On Reuters R8 (5,583 documents, 42 % of them longer than a window), backbone=minilm and seeds
0 to 2 gave validation accuracies of 0.951 (mean), 0.950 (max, attention), and 0.953 on the first
128 tokens alone. Trained whole (trainable=all epochs=3 max_tokens=256 warmup_fraction=0.1, seed 0)
it had 0.956 [.940 .969] on validation and 0.974 [.962 .983] on test rows, where a bag of words has
0.950 and 0.965.
"""

from kerastc import data, training
from kerastc.training.config import Backbone


class Config(data.TextTable, training.DocumentClassifierConfig):
    """A frozen multilingual encoder; trainable=all does better where you can wait for it."""

    backbone: Backbone = "e5"  # or minilm, a KerasHub preset, hf://OWNER/MODEL, a folder, a run


def load(config: Config, run) -> data.Splits:
    return data.load_text_table(config)


def train(splits: data.Splits, config: Config, run) -> training.Trained:
    return training.fine_tuned(splits, config, run)
