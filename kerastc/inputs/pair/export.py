"""Pairs in an export: what its encoder takes. There are no TensorFlow operations for pairs."""

from collections.abc import Sequence
from typing import Any

from kerastc.inputs.pair.encode import PairInput
from kerastc.inputs.text.export import checked, light, most_tokens

__all__ = ["checked", "given", "graph", "light", "most_tokens"]


def given(examples: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Nothing: no graph takes them."""
    return {}


def graph(input: PairInput, length: int | None) -> tuple[None, tuple[str, ...]]:
    """See `kerastc.deploy.convert.run_export.RunExport.graph`."""
    return None, ("No signature takes pairs of texts: serving_default takes ids.",)
