"""The encoding of a text's bytes."""

import codecs
import io
import re
import unicodedata

from kerastc.errors import UserError

MARKS = (  # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
WIDE = ("utf-16", "utf-32")
# Usual encodings of text files that are not UTF-8; with more candidates the guesses get worse.
ENCODINGS = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256"),
    *("gb18030", "big5", "shift_jis", "euc_kr", "utf_16", "utf_32"),
)
UNDECODED = "undecoded"  # the error handler that never fails


def known_encoding(name: str) -> str:
    """Python's name for a text encoding.

    Raises:
        UserError: there is none of this name.
    """
    try:
        known = codecs.lookup(name).name
        io.TextIOWrapper(io.BytesIO(), known)  # refuses codecs that are not for text
    except (LookupError, ValueError):
        raise UserError(
            f"There is no text encoding {name!r}.",
            "Usual ones are utf-8, utf-16, cp1252 (Western), cp1255 (Hebrew).",
        ) from None
    return known


def settled_encoding(start: bytes, stated: str) -> str:
    """The encoding to read a file in.

    Args:
        start: the first bytes of its text.
        stated: the encoding it should have, as `known_encoding` gives it.

    Returns:
        The encoding of a byte order mark; else UTF-16 or UTF-32 if the NULs between the letters
        leave no doubt; else the stated one.
    """
    for mark, encoding in MARKS:
        if start.startswith(mark):
            return encoding
    if stated in ("utf-8", *WIDE):
        if wide := _wide(start):
            return wide
        return "utf-8-sig" if stated == "utf-8" else f"{stated}-le"
    return stated


def likely_encoding(sample: bytes) -> str:
    """The encoding that gives the most plausible text, or "" if none does."""
    from charset_normalizer import from_bytes

    found = list(from_bytes(sample, cp_isolation=list(ENCODINGS)))
    if not found:
        return ""
    # Short samples fit many encodings; plausible ones have no words in two alphabets.
    found = [match for match in found if not _mixes_alphabets(str(match))] or found
    # On a tie the Western one, by far the most common; also if another gives the same text.
    best = max(
        found, key=lambda match: (match.coherence - match.chaos, match.encoding == "cp1252")
    ).encoding
    try:
        same = sample.decode("cp1252") == sample.decode(best)
    except UnicodeDecodeError:
        same = False
    return "cp1252" if same else best


def _mixes_alphabets(text: str) -> bool:
    """Whether a word mixes ASCII letters with letters of an alphabet other than Latin."""
    for word in re.findall(r"[^\W\d_]*[a-zA-Z][^\W\d_]*", text):
        if not word.isascii() and any(
            not unicodedata.name(letter, "").startswith("LATIN")
            for letter in word
            if not letter.isascii()
        ):
            return True
    return False


def _wide(start: bytes) -> str:
    """UTF-16 or UTF-32 with its byte order, or "" unless the bytes are certainly in one of them."""
    start = start[: len(start) // 4 * 4]
    if not start or b"\0" not in start:
        return ""
    fourths = [start[i::4] for i in range(4)]
    if not any(fourths[3]) and max(fourths[2]) <= 0x10 and any(fourths[0]):
        return "utf-32-le"
    if not any(fourths[0]) and max(fourths[1]) <= 0x10 and any(fourths[3]):
        return "utf-32-be"
    for order, high, low in (("le", start[1::2], start[::2]), ("be", start[::2], start[1::2])):
        share = high.count(0) / len(high)
        if not low.count(0) and share > (0.1 if high[0] == 0 else 0.3):
            return f"utf-16-{order}"
    return ""


def _undecoded(error: UnicodeError):
    """Foreign bytes as lone surrogates (PEP 383); one if a byte is ASCII."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    foreign = error.object[error.start : error.end]
    text = "".join(chr(0xDC00 + byte) if byte >= 0x80 else "\udc80" for byte in foreign)
    return text or "\udc80", max(error.end, error.start + 1)


codecs.register_error(UNDECODED, _undecoded)
