"""The names of a package, loaded on first use: `from kerastc.report import compare` reads one file.

Written here, because a device that runs an exported model lacks the libraries for it.
"""

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType


def attach(
    room: str, names: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], object], Callable[[], list[str]], list[str]]:
    """The `__getattr__`, `__dir__` and `__all__` of a package.

    Args:
        room: the package, its `__name__`.
        names: for each of its modules, the names that the package exports.
    """
    homes = {name: module for module, shown in names.items() for name in shown}

    class Room(ModuleType):
        def __setattr__(self, name: str, value: object) -> None:
            # Python makes each imported module an attribute of its package, where
            # it would hide a function of the same name.
            if not (name in homes and isinstance(value, ModuleType)):
                super().__setattr__(name, value)

    def load(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{room}.{homes[name]}"), name)

    sys.modules[room].__class__ = Room
    return load, lambda: sorted(homes), sorted(homes)
