"""Documents in an export: what its encoder takes. There are no TensorFlow operations for them."""

from typing import Any

import keras

from kerastc.inputs.document.encode import DocumentInput
from kerastc.inputs.text.export import checked, given, light

__all__ = ["checked", "given", "graph", "light", "most_tokens"]


def most_tokens(model: keras.Model) -> None:
    """None: a document may have any number of windows."""


def graph(input: DocumentInput, length: int | None) -> tuple[Any, tuple[str, ...]]:
    """See `kerastc.deploy.convert.run_export.RunExport.graph`."""
    return None, ("No signature takes documents: serving_default takes ids.",)
