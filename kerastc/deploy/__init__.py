"""From a run to files for devices and servers, and what those cost there.

Names load on first use, and without `lazy_loader`: a device that only runs and measures a file
has little more than Python, NumPy and the interpreter of LiteRT.
"""

import importlib

_HOMES = {"Signature": "signature", "export": "exporting"}


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
