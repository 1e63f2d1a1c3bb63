"""Standard output and error on a terminal that cannot show every character."""

import codecs
import sys

PLAIN = "kerastc-plain"  # the name of the error handler
_PLAIN = {
    **{"…": "...", "–": "-", "—": "-", "−": "-", "‘": "'", "’": "'", "“": '"', "”": '"'},  # noqa: RUF001
    **{"±": "+/-", "×": "x", "·": "*", "•": "*", "→": "->", "←": "<-", "≤": "<=", "≥": ">="},  # noqa: RUF001
    **dict.fromkeys("─━╸╺", "-"),
}


def show_everything() -> None:
    """Lets both streams print any text: characters missing in their encoding are replaced.

    Typographic characters become their plain forms, all others escapes such as `\\u4e2d`.
    """
    codecs.register_error(PLAIN, _plain)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=PLAIN)


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    told = error.object[error.start : error.end]
    return "".join(_PLAIN.get(c) or _escaped(c) for c in told), error.end


def _escaped(character: str) -> str:
    return character.encode("ascii", "backslashreplace").decode("ascii")
