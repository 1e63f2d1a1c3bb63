"""What the peers need, and in which versions they were there."""

import importlib.metadata
import importlib.util
from collections.abc import Sequence

from kerastc.errors import UserError


def need(names: Sequence[str]) -> None:
    """Makes sure that packages can be imported.

    Raises:
        UserError: naming one that cannot.
    """
    for name in names:
        if importlib.util.find_spec(name) is None:
            raise UserError(f"{name} is not installed.", "pip install 'kerastc[bench]'")


def versions(names: Sequence[str]) -> dict[str, str]:
    """The version of each distribution."""
    return {name: importlib.metadata.version(name) for name in names}
