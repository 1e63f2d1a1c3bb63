"""Sort news headlines by topic: the 2023 Irish Times study.

    kerastc train headlines data=ireland_news.csv.gz
    kerastc train headlines data=FILE trainable=head train_fraction=0.3 preparation.lemmas=true
    kerastc train headlines data=FILE validation=DEV.csv test=TEST.csv
    kerastc sweep headlines data=FILE trainable=head,top_2,all train_fraction=0.3
    kerastc train --from RUN/checkpoints/step-4000.npz weight_decay=0.03 dropout=0.6

The file has the columns publish_date, headline_category and headline_text, or others, which are
guessed. Rows without text, repeated rows and unknown categories are counted and dropped, also in
validation and test files; 103 dotted categories become six by rules that can be replaced;
duplicate headlines always stay in the same part, and only training rows are ever balanced.

Data: a file of news headlines.

Cost: 45 min for 118,738 training headlines, 2.6 GB, along with other work on 2 cores.

Expect: test accuracy 0.781 [0.773, 0.787], macro F1 0.712 [0.701, 0.721] on 13,969 headlines of the
original class distribution, seed 0 (source: 0.631). The bag of words of the same run: 0.729, 0.630.
Without masking, 3 epochs: 0.774. Other choices: docs/studies/headlines.md.
"""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from kerastc import data, training
from kerastc.data import Portion, PortionOrNone
from kerastc.settings import IsLocation
from kerastc.text.preparation import TextPreparation
from kerastc.training.config import Count, Fraction, Natural, Positive, Share, Tokens

Rules = Annotated[str, IsLocation(("irish_times", "none"))]


class Config(data.TextParts, training.TextClassifierConfig):
    """The whole encoder is trained; the best checkpoints are chosen from every half epoch."""

    usual_shares: ClassVar = (0.05, 0.1)

    data: str  # the table: a file, or a folder of `datasets` or of Parquet files
    text: str = ""  # its text column, or COLUMN+COLUMN; empty guesses
    label: str = ""  # its category column; empty guesses
    date: str = ""  # its column of dates, or YEAR+MONTH+DAY; empty guesses
    encoding: str = "utf-8"  # of the file
    delimiter: str = ""  # between its columns; empty detects it
    header: bool = True  # false: the first line is a row, and columns are called 1, 2, ...
    sheet: str = ""  # of an Excel workbook; empty takes the only one that has rows
    categories: Rules = "irish_times"  # rules from categories to classes; your own file, or none
    duplicates: Literal["drop", "keep"] = "drop"  # drop: only the first of equal rows stays
    conflicts: Literal["majority", "drop", "keep"] = "majority"  # one headline, many categories
    preparation: TextPreparation = TextPreparation(capitals=True)
    split_by: Literal["text", "date"] = "text"  # date: train on the past, test on the newest days
    validation_fraction: Portion = None  # of data; none: 0.05. Instead of validation
    test_fraction: PortionOrNone = None  # of data; none: 0.1; 0: no test part. Instead of test
    balancing: Literal["none", "undersample", "oversample", "both"] = "none"  # of training rows

    trainable: str = "all"  # head: the encoder is frozen | top_K: and its top K layers | all
    max_tokens: Tokens = None  # longer ones are cut; none: the length that covers 99.7 %
    epochs: Count = 4  # at most
    batch_size: Count = 64  # examples
    learning_rate: Positive = 1e-4  # the peak
    warmup_fraction: Fraction = 0.06  # of all updates
    label_smoothing: Share = 0.1  # share spread over all classes
    masking: Share = 0.15  # share of training tokens; without it the third epoch memorises
    evaluate_every: Natural = 1000  # batches between evaluations
    evaluation_rows: Natural = 5000  # of validation, during training; 0: all
    keep_checkpoints: Count = 3  # the best ones, and their mean
    early_stopping: training.EarlyStopping = training.EarlyStopping(
        metric="val_accuracy", patience=4
    )


def load(config: Config, run) -> data.Splits:
    named = config.categories
    rules = None if named == "none" else data.CategoryRules.read(named)

    def clean(file: str, text: Sequence[str], label: str, sheet: str) -> data.LabelledTexts:
        return data.clean(
            file,
            text,
            label,
            data.column_names(config.date),
            categories=rules,
            duplicates=config.duplicates,
            conflicts=config.conflicts,
            encoding=config.encoding,
            delimiter=config.delimiter,
            header=config.header,
            sheet=sheet,
        ).texts

    texts = clean(config.data, data.column_names(config.text), config.label, config.sheet)
    found = texts.reading
    splits = data.split_texts(
        texts,
        config,
        lambda file: clean(file, found.text, found.label, data.known_sheet(file, config.sheet)),
        config.seed,
        config.train_fraction,
        config.seen,
        config.split_by,
    )
    return data.balance(splits, config.balancing, config.seed)


def explore(splits: data.Splits) -> data.Exploration:
    return data.explore(splits.data, splits.duplicates)


def train(splits: data.Splits, config: Config, run) -> training.Trained:
    return training.fine_tuned(splits, config, run)
