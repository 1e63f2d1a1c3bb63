"""Keys that occur twice in a JSON object, where Python would keep only the last value."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any


class Doubled(dict[str, Any]):
    """An object with keys that occur in it twice or more.

    Args:
        pairs: its keys and values, in their order.
    """

    def __init__(self, pairs: Sequence[tuple[str, Any]]):
        super().__init__(pairs)
        counts = Counter(name for name, _ in pairs)
        self.names = frozenset(name for name, count in counts.items() if count > 1)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Doubled(pairs)


DECODER = json.JSONDecoder(object_pairs_hook=_object)
