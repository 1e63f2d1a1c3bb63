"""Runs recipes over many settings: search spaces, study files, the worker, the result.

Names load on first use: nothing here reaches Optuna before a sweep does.
"""

from kerastc.lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    names={
        "space": ["parse"],
        "study_file": ["all_studies", "find_study"],
        "worker": ["sweep"],
    },
)
