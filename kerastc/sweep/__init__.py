"""Runs a recipe over many settings: the search space, the shared study, the worker, the result.

Names load on first use: nothing here reaches Optuna before a sweep does.
"""

from kerastc.rooms import attach

__getattr__, __dir__, __all__ = attach(__name__, names={"worker": ["sweep"], "space": ["parse"]})
