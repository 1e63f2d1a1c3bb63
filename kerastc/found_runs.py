"""Which folders are runs, told without opening them."""

import json
from pathlib import Path


def is_run(folder: Path) -> bool:
    """Whether a folder's config.json is a run's; encoders and tokenizers have others."""
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(config, dict) and isinstance(config.get("recipe"), str)


def nearby(folder: Path) -> str:
    """Names the newest runs near a path that is no run."""
    root = folder if folder.is_dir() else folder.parent
    found = [*root.glob("*/config.json"), *root.glob("*/*/config.json")]
    found = [path for path in found if is_run(path.parent)]
    newest = sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)[:3]
    if not newest:
        return "A run is made by: kerastc train RECIPE"
    return "Runs near there: " + ", ".join(str(path.parent) for path in newest)
