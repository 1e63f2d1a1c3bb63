"""Sort your own labelled texts, from a table of any kind.

The table (CSV, TSV, JSON, .xlsx, Parquet, a folder of `datasets`) has a column of texts and one of
class names; several text columns are joined. Texts that occur twice, or nearly so, stay in one
split; the report lists them. Validation and test texts may have their own files, with the same
columns; the splits of a folder are used as they are. folds= cross-validates few texts: each is
tested by a model that never saw it, and then a model is trained on all.

    kerastc train text data=my.csv
    kerastc train text data=my.jsonl.gz text=title+body label=topic trainable=all
    kerastc train text data=train.csv validation=dev.csv test=test.csv
    kerastc train text data=few.csv folds=5

Data: your own texts.

Cost: 160 texts of 300 characters per second through the frozen encoder, once. With trainable=all
200 headlines per second of training; both on 2 cores.

Expect: what your labels allow. On 7,143 Irish Times headlines (six topics), trainable=all
learning_rate=5e-5 epochs=1 gave a test accuracy of 0.597 [0.568, 0.626], one seed.
"""

from kerastc import data, training


class Config(data.TextTable, training.TextClassifierConfig):
    """A frozen encoder; with a few thousand texts, trainable=all does better."""


def load(config: Config, run) -> data.Splits:
    return data.load_text_table(config)


def train(splits: data.Splits, config: Config, run) -> training.Trained:
    return training.fine_tuned(splits, config, run)
