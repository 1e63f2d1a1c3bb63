"""A question and the context that its answer is in, in one sequence of tokens.

A context that is too long has several sequences, each with the whole question and a window of it.
"""

from kerastc.capabilities import Capability

UNIT, UNITS = "question", "questions"
COLUMNS = ("question", "context")  # for an example, in predictions
FILES = ("context",)  # of these, what `predict` reads from a file
CAPABILITIES = frozenset((Capability.TOKENS, Capability.BLOCKS, Capability.FURTHER))
