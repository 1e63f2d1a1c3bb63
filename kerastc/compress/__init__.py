"""A run in, a smaller run out: the steps, the order they go in, and the search over them.

Names load on first use.
"""

from kerastc.lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    names={
        "pipeline": ["compress", "compressed"],
        "search.search": ["search"],
    },
)
