"""Files of one table that are named by a pattern, such as data/train-*.parquet."""

from pathlib import Path

PARQUET = ".parquet"


def is_pattern(path: Path) -> bool:
    """Whether it is a pattern that a Parquet file in a folder matches."""
    if "*" not in path.name or path.suffix.lower() != PARQUET or not path.parent.is_dir():
        return False
    return any(path.parent.glob(path.name))
