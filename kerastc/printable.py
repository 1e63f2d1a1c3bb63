"""Untrusted text on a terminal and on pages: control characters are shown as text.

Also used on devices: only click is imported here.
"""

import re
from typing import Any

import click

# Controls except tab and line feed, lone surrogates, and characters that change text direction
# (Unicode Standard Annex 9; Boucher and Anderson 2021, Trojan Source).
STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    """The text with an escape, such as `\\u001b`, for each character that controls a terminal.

    JSON keeps its values.
    """
    return STEERING.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def echo(message: Any = "", err: bool = False, nl: bool = True, **style: Any) -> None:
    """Prints a line that may hold anything; arguments as those of `click.secho`."""
    click.secho(printable(str(message)), err=err, nl=nl, **style)
