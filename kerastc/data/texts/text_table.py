"""Labelled texts from a user's own table: the settings that say how, and the reading."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from kerastc.data.splits import Splits
from kerastc.data.tables.excel_file import known_sheet
from kerastc.data.texts.text_file import read_texts
from kerastc.data.texts.text_parts import FoldedTextParts, split_texts
from kerastc.data.texts.texts import LabelledTexts, column_names


class TextTable(FoldedTextParts):
    """The table and its splits; a recipe's settings extend it, and those of a training."""

    data: str  # the table: a file, or a folder of `datasets` or of Parquet files
    text: str = ""  # its text column, or COLUMN+COLUMN; empty guesses
    label: str = ""  # its class column; empty guesses
    encoding: str = "utf-8"  # of the file
    delimiter: str = ""  # between its columns; empty detects it
    header: bool = True  # false: the first line is a row, and columns are called 1, 2, ...
    sheet: str = ""  # of an Excel workbook; empty takes the only one that has rows
    max_characters: Annotated[int, Field(ge=0)] = 0  # longer texts are cut at a word; 0: never


def load_text_table(config: TextTable) -> Splits:
    """Reads the table, and draws or reads the splits.

    Args:
        config: also has the settings of a training on texts.

    Raises:
        UserError: as in `read_texts` and `split_texts`.
    """

    def read(file: str, columns: Sequence[str], label: str, part: bool) -> LabelledTexts:
        most, encoding = config.max_characters, config.encoding
        form = {"encoding": encoding, "delimiter": config.delimiter, "header": config.header}
        form["sheet"] = known_sheet(file, config.sheet) if part else config.sheet
        return read_texts(file, columns, label, most, one_class=part, **form)

    texts = read(config.data, column_names(config.text), config.label, part=False)
    found = texts.reading
    return split_texts(
        texts,
        config,
        lambda file: read(file, found.text, found.label, part=True),
        config.seed,
        config.train_fraction,
        config.seen,
    )
