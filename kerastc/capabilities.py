"""Capabilities of a run's model and data that steps of compression require.

Known from the run's files alone, so that a step that does not apply is refused before any work.
"""

from collections.abc import Iterable
from enum import Enum


class Capability(Enum):
    """Something that a step needs; the value is its name in errors."""

    TOKENS = "a table of tokens"
    BLOCKS = "transformer blocks"
    CONVOLUTIONS = "convolutions"
    SPLICED = "examples that can be spliced into further ones"
    FURTHER = "further examples from a file"
    UNLABELLED = "unlabelled examples of its own"
    TEACHER = "answers that a student can learn from a teacher"

    @property
    def of_model(self) -> bool:
        """Whether the model has it; else the data or the answers do."""
        return self in (Capability.TOKENS, Capability.BLOCKS, Capability.CONVOLUTIONS)


def listed(capabilities: Iterable[Capability]) -> str:
    """Capabilities in words, in the order of `Capability`: "a table of tokens and convolutions"."""
    given = set(capabilities)
    *first, last = [each.value for each in Capability if each in given] or ["none"]
    return f"{', '.join(first)} and {last}" if first else last
