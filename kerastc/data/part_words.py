"""How a user may give a part of the data: as a file of its own, a number of rows, or a share."""

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

NUMBER = re.compile(r"(\d*[.,]?\d+)\s*(%?)")


def _count_or_path(value: Any) -> Any:
    if isinstance(value, float):  # a share, which is refused as text
        return f"{value:g}"
    return int(value) if isinstance(value, str) and value.isdecimal() else value


COUNT_OR_PATH = BeforeValidator(_count_or_path)  # of a field that takes either
Portion = Annotated[float, Field(gt=0, lt=1)] | None  # such as validation_fraction
PortionOrNone = Annotated[float, Field(ge=0, lt=1)] | None  # of test rows: 0 is no test part


def refuse_share(part: str, value: object) -> None:
    """Refuses a number where a part's file is expected.

    Args:
        part: its setting, such as "test", which goes with "test_fraction".
        value: of the setting; a file may really be called 0.2.

    Raises:
        ValueError: naming the setting that takes a share.
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
