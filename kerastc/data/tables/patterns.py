"""Files of one table that are named together, such as data/train-*.parquet."""

from pathlib import Path

PARQUET = ".parquet"


def is_pattern(path: Path) -> bool:
    """Whether it names Parquet files of a folder by a pattern that one of them fits."""
    if "*" not in path.name or path.suffix.lower() != PARQUET or not path.parent.is_dir():
        return False
    return any(path.parent.glob(path.name))
