"""Fonts for text in plots: Matplotlib's own, then installed ones with what it lacks."""

import unicodedata
from collections.abc import Iterable
from functools import cache

from matplotlib import font_manager

OWN = "DejaVu Sans"  # comes with Matplotlib
# Tried before other installed fonts: text fonts, by the scripts they are made for.
_PREFERRED = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "PingFang SC",
    "Hiragino Sans",
    "Microsoft YaHei",
    "Malgun Gothic",
    "WenQuanYi Zen Hei",
    "Noto Sans Devanagari",
    "Arial Unicode MS",
)
_BOXES = "Last Resort"  # a box for every character, drawn if no font has it


def families(text: str) -> list[str]:
    """The font families for drawing a text, for `font.family`."""
    return list(_chosen(_needed(text))[0])


def undrawable(texts: Iterable[str]) -> list[str]:
    """The characters of some texts that no installed font has, each once, in order."""
    missing = _chosen(_needed("".join(texts)))[1]
    return sorted(missing)


def _needed(text: str) -> frozenset[str]:
    """The characters of a text that Matplotlib's own font lacks."""
    own = _characters(font_manager.findfont(OWN))
    unwritten = ("Cc", "Cs")  # control characters and surrogates: `printable` writes them out
    return frozenset(
        c
        for c in text
        if ord(c) not in own and not c.isspace() and unicodedata.category(c) not in unwritten
    )


@cache
def _chosen(needed: frozenset[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Families that together have the characters, and the characters that none has."""
    found = [OWN]
    for name, path in _installed() if needed else ():
        has = frozenset(c for c in needed if ord(c) in _characters(path))
        if has:
            found.append(name)
            needed -= has
        if not needed:
            break
    return tuple(found), needed


def _installed() -> list[tuple[str, str]]:
    """Name and file of the upright font of each installed family, the preferred first."""
    fonts: dict[str, str] = {}
    regular = (400, "normal", "regular")
    listed = font_manager.fontManager.ttflist
    for font in sorted(listed, key=lambda font: font.weight not in regular):
        if font.style == "normal" and not font.name.startswith(_BOXES):
            fonts.setdefault(font.name, font.fname)
    rank = {name: place for place, name in enumerate(_PREFERRED)}
    return sorted(fonts.items(), key=lambda font: (rank.get(font[0], len(rank)), font[0]))


@cache
def _characters(path: str) -> frozenset[int]:
    """The code points with glyphs in a font file; empty if it is unusable."""
    try:
        font = font_manager.get_font(path)
        return frozenset(font.get_charmap()) if font.scalable else frozenset()
    except (OSError, RuntimeError):  # damaged, or of a kind unknown to FreeType
        return frozenset()
