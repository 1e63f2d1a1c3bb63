"""What was read for a corpus, what was left out, and what remains."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from kerastc.data.corpus.languages import UNDECIDED
from kerastc.data.corpus.rules import EMPTY, RULES
from kerastc.data.corpus.settings import BuildSettings
from kerastc.text.tokenizer import Tokenizer

WORDS = {
    EMPTY: "nothing but white space",
    "damaged": "could not be read",
    "no tokens": "the tokenizer finds no token",
    **RULES,
}


def read_counts(records: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The sums of the pieces' records."""
    totals: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    for record in records:
        totals.update({name: record[name] for name in ("bytes", "documents", "rows")})
        left_out.update(record["left_out"])
    known = [name for name in WORDS if left_out[name]]
    return {
        "bytes": totals["bytes"],
        "documents": totals["documents"],
        "left_out": {name: left_out[name] for name in known},
    }


def report(
    read: dict[str, Any],
    duplicates: dict[str, int],
    rows: int,
    counts: np.ndarray,
    languages: Sequence[int],
    tokenizer: Tokenizer,
    settings: BuildSettings,
) -> dict[str, Any]:
    """The report in corpus.json.

    Args:
        read: from `read_counts`.
        duplicates: rows left out, by "exact" and "near".
        rows: that remain.
        counts: of their tokens, (vocabulary,).
        languages: rows of each, those not decided first.
        tokenizer, settings: of the corpus.
    """
    unknown = tokenizer.unknown_id
    tokens = int(counts.sum())
    found = {
        **read,
        "duplicates": duplicates,
        "rows": rows,
        "tokens": tokens,
        "unknown": 0 if unknown is None else int(counts[unknown]),
        "used": int((counts > 0).sum()),
    }
    if settings.languages:
        names = (UNDECIDED, *settings.languages)
        found["languages"] = dict(zip(names, map(int, languages), strict=True))
    return found
