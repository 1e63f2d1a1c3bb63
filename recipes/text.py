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

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from kerastc import data, training


class Config(data.FoldedTextParts, training.TextClassifierConfig):
    """A frozen encoder; with a few thousand texts, trainable=all does better."""

    data: str  # the table: a file, or a folder of `datasets` or of Parquet files
    text: str = ""  # its text column, or COLUMN+COLUMN; empty guesses
    label: str = ""  # its class column; empty guesses
    encoding: str = "utf-8"  # of the file
    delimiter: str = ""  # between its columns; empty detects it
    header: bool = True  # false: the first line is a row, and columns are called 1, 2, ...
    sheet: str = ""  # of an Excel workbook; empty takes the only one that has rows
    max_characters: Annotated[int, Field(ge=0)] = 0  # longer texts are cut at a word; 0: never


def load(config: Config, run) -> data.Splits:
    def read(file: str, columns: Sequence[str], label: str, part: bool) -> data.LabelledTexts:
        most, encoding = config.max_characters, config.encoding
        form = {"encoding": encoding, "delimiter": config.delimiter, "header": config.header}
        form["sheet"] = data.known_sheet(file, config.sheet) if part else config.sheet
        return data.read_texts(file, columns, label, most, one_class=part, **form)

    texts = read(config.data, data.column_names(config.text), config.label, part=False)
    found = texts.reading
    return data.split_texts(
        texts,
        config,
        lambda file: read(file, found.text, found.label, part=True),
        config.seed,
        config.train_fraction,
        config.seen,
    )


def train(splits: data.Splits, config: Config, run) -> training.Trained:
    return training.fine_tuned(splits, config, run)
