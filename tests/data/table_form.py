"""The forms in which a table of texts is written."""

import csv
from dataclasses import dataclass

DELIMITERS = {".csv": ",", ".tsv": "\t", ".txt": ";", ".dat": "|"}
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be", "cp1252")
ENDS = ("\n", "\r\n", "\r")


@dataclass(frozen=True)
class Form:
    """How rows become bytes."""

    extension: str = ".csv"  # ".jsonl", or one of `DELIMITERS`
    encoding: str = "utf-8"
    end: str = "\n"
    packed: bool = False
    quoting: int = csv.QUOTE_MINIMAL
    header: bool = True
    last_end: bool = True

    @property
    def json(self) -> bool:
        return self.extension == ".jsonl"
