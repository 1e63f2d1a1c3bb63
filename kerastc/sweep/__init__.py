"""Runs a recipe over many settings: the search space, the shared study, the worker, the result.

Names load on first use: nothing here reaches Optuna before a sweep does.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"worker": ["OBJECTIVES", "sweep"], "space": ["parse"]}
)
