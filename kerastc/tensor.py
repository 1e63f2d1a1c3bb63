"""What goes into a model and what comes out of it: a name, a shape, a type of numbers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tensor:
    """An input or output: `shape` holds None for a dimension that is open; `dtype` is NumPy's."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str
