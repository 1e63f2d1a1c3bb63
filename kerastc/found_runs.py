"""Finds which folders are runs, without opening them."""

import json
from pathlib import Path


def is_run(folder: Path) -> bool:
    """Whether a folder's config.json is that of a run, not of an encoder or tokenizer."""
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(config, dict) and isinstance(config.get("recipe"), str)
