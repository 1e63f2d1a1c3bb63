"""Runs recipes over many settings: search spaces, study files, the worker, the result.

Names load on first use: Optuna is not imported before a sweep needs it.
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
