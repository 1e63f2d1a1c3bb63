"""Text of others on a terminal and on pages: what would steer either is shown as text.

Used on devices, too: nothing but click is imported here.
"""

import re
from typing import Any

import click

# Controls but tab and line feed, half characters, and what turns the direction of what follows
# (Unicode Standard Annex 9; Boucher and Anderson 2021, Trojan Source).
STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    """The text with an escape, such as `\\u001b`, for each character that steers a terminal.

    JSON that is made printable has the same values as before.
    """
    return STEERING.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def echo(message: Any = "", err: bool = False, nl: bool = True, **style: Any) -> None:
    """Prints a line that may hold anything; arguments as those of `click.secho`."""
    click.secho(printable(str(message)), err=err, nl=nl, **style)
