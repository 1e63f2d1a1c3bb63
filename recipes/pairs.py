"""Sort pairs of texts: entailment, paraphrase, answers.

The table (CSV, TSV, JSON, .xlsx, Parquet, a folder of `datasets`) has a column for each of the two
texts and one of class names. The layouts of XNLI, PAWS-X, SNLI and GLUE are known: their columns
need not be named. The encoder reads both texts at once, in one sequence. All pairs with the same
first text (a premise with its hypotheses) stay in one split, unless the splits have their own
files; equal pairs are never in two of them.

    kerastc train pairs data=xnli.dev.tsv language=es trainable=all
    kerastc train pairs data=my.csv first=question second=answer label=good
    kerastc train pairs data=train.tsv validation=dev.tsv test=test.tsv

Data: your own pairs.

Cost: as for single texts of the length of both; 26 pairs a second of XNLI's with e5, trained whole.

Expect: little with the head alone, as no encoder of single texts compares two; trainable=all learns
to, from many pairs: 1,500 of XNLI's Spanish development file alone take e5 to 0.440, where chance
is 0.333 (docs/encoders.md; seed 0). The report has a figure to beat: a bag of words, marked by the
text that they are in.
"""

from kerastc import data, training
from kerastc.training.config import Count, Fraction, Positive


class Config(data.FoldedTextParts, training.PairClassifierConfig):
    """The whole encoder is trained: the head alone learns little about how two texts compare."""

    trainable: str = "all"  # head: the encoder is frozen | top_K: and its top K layers | all
    epochs: Count = 4  # at most
    learning_rate: Positive = 1e-4  # the peak
    warmup_fraction: Fraction = 0.06  # of all updates

    data: str  # the table: a file, or a folder of `datasets` or of Parquet files
    first: str = ""  # the column of the first text; empty guesses
    second: str = ""  # the column of the second text; empty guesses
    label: str = ""  # its class column; empty guesses
    language: str = ""  # rows to use in a file of several languages; all: every one
    encoding: str = "utf-8"  # of the file
    delimiter: str = ""  # between its columns; empty detects it
    header: bool = True  # false: the first line is a row, and columns are called 1, 2, ...
    sheet: str = ""  # of an Excel workbook; empty takes the only one that has rows


def load(config: Config, run) -> data.Splits:
    def read(file: str, first: str, second: str, label: str, **form) -> data.LabelledPairs:
        form = {"encoding": config.encoding, "delimiter": config.delimiter} | form
        return data.read_pairs(file, first, second, label, config.language, **form)

    form = {"header": config.header, "sheet": config.sheet}
    pairs = read(config.data, config.first, config.second, config.label, **form)
    found = pairs.reading

    def read_part(file: str) -> data.LabelledPairs:
        form = {"header": found.header, "sheet": data.known_sheet(file, config.sheet)}
        return read(file, *found.text, found.label, one_class=True, **form)

    seed, share = config.seed, config.train_fraction
    return data.split_pairs(pairs, config, read_part, seed, share, config.seen)


def train(splits: data.Splits, config: Config, run) -> training.Trained:
    return training.fine_tuned(splits, config, run)
