"""A run in, a smaller run out: the steps, the order they go in, and the search over them.

Names load on first use.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "pipeline": ["compress"],
    },
)
