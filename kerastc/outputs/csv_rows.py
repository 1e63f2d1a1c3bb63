"""The rows of predictions/PART.csv, whichever output wrote it."""

import csv
import sys
from pathlib import Path


def csv_rows(path: Path) -> list[list[str]]:
    """The rows of a CSV file, with texts of any length, header first.

    Raises:
        OSError, ValueError, csv.Error: the file cannot be read, or is no such table.
    """
    usual = csv.field_size_limit(sys.maxsize)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [row for row in csv.reader(file) if row]
    finally:
        csv.field_size_limit(usual)
