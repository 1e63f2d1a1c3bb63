"""What a user may say of a part of the data: a file, or a share of the rows."""

import re
from pathlib import Path

NUMBER = re.compile(r"(\d*[.,]?\d+)\s*(%?)")


def refuse_share(part: str, value: object) -> None:
    """Refuses a number where the file of a part is meant.

    Args:
        part: its setting, such as "test"; beside it there is "test_fraction".
        value: of the setting; a file may well be called 0.2.

    Raises:
        ValueError: with the setting that takes a share.
    """
    match = NUMBER.fullmatch(value.strip()) if isinstance(value, str) else None
    if not match or Path(value).exists():
        return
    share = float(match[1].replace(",", ".")) / (100 if match[2] else 1)
    written = f"{share:g}" if 0 < share < 1 else "SHARE (between 0 and 1)"
    raise ValueError(
        f"{part}={value}: there is no such file. For a share of the rows write "
        f"{part}_fraction={written}"
    )
