"""Unicode's punctuation (P*); not symbols such as + or €, which distinguish texts."""

import unicodedata
from functools import cache


@cache
def punctuation() -> dict[int, str]:
    """Turns punctuation into spaces, for `str.translate`."""
    return {i: " " for i in range(0x20000) if unicodedata.category(chr(i)).startswith("P")}


@cache
def punctuation_marks() -> str:
    """All marks, for `str.strip`."""
    return "".join(map(chr, punctuation()))
