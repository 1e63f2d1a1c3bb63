"""Pictures that a method adds to its run's page: written here, found by the report in the run.

A run's `pictures.json` lists them as `{"name", "title", "caption"}`; the file of each is
`plots/NAME.png`. The figures that methods share are in `method_plots`.
"""

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from kerastc.errors import UserError
from kerastc.report.drawing.captioned import Picture
from kerastc.report.drawing.style import png
from kerastc.run import Run

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,59}")
_WIDEST = 960  # CSS pixels that fit on the page
_LARGEST = 8  # how many times a small array is enlarged
_FILE = "pictures.json"


def write_picture(
    run: Run, name: str, picture: np.ndarray | Figure, title: str, caption: str
) -> None:
    """Writes plots/NAME.png and its words into pictures.json; the page shows them in their order.

    Args:
        run: the run; a picture of the same name, from before a resume, is replaced.
        name: lower-case letters, digits, `-` and `_`.
        picture: uint8 (height, width, 1 or 3), enlarged in whole pixels if small, or a figure.
        title: its heading.
        caption: what it shows, also as its text alternative.

    Raises:
        ValueError: the name is invalid, or the array is not a picture.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a picture's name: {_NAME.pattern} is needed")
    image = png(picture) if isinstance(picture, Figure) else _png(picture)
    with run.writing("plots", f"{name}.png") as path:
        path.write_bytes(image)
    entry = {"name": name, "title": title, "caption": caption}
    entries = run.read_json(_FILE) if run.path(_FILE).is_file() else []
    places = [i for i, old in enumerate(entries) if old["name"] == name] or [len(entries)]
    entries[places[0] : places[0] + 1] = [entry]
    run.write_json(_FILE, entries)


def read_pictures(folder: Path) -> list[tuple[str, Picture]]:
    """The titles and pictures that a method wrote, in order, without those that lack a file.

    Raises:
        UserError: pictures.json is not such a list, or a file is not a PNG.
    """
    run = Run(folder)
    if not run.path(_FILE).is_file():
        return []
    entries = run.read_json(_FILE)
    if not all(map(_is_entry, entries)):
        raise UserError(
            f"{run.path(_FILE)} is not a list of pictures with name, title and caption.",
            "Remove the file: the report leaves out what it lacks.",
        )
    found = []
    for entry in entries:
        path = run.path("plots", f"{entry['name']}.png")
        if path.is_file():
            width = min(_WIDEST, _width(path))
            words = f"{entry['title']}: {entry['caption']}"
            picture = Picture(path.read_bytes(), entry["caption"], words, width)
            found.append((entry["title"], picture))
    return found


def thumbnail(image: np.ndarray | None) -> bytes | None:
    """An image of a run for its page, as PNG; None if it was not kept.

    Args:
        image: uint8 (height, width, 1 or 3).
    """
    return None if image is None else _png(image, largest=1)


def _is_entry(entry: Any) -> bool:
    """Whether an entry has its words and a valid name, since the name becomes a path."""
    if not isinstance(entry, dict):
        return False
    name, *words = (entry.get(key) for key in ("name", "title", "caption"))
    named = isinstance(name, str) and _NAME.fullmatch(name)
    return bool(named) and all(isinstance(word, str) for word in words)


def _png(array: np.ndarray, largest: int = _LARGEST) -> bytes:
    from PIL import Image

    array = np.asarray(array)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] not in (1, 3):
        raise ValueError(
            f"a picture is uint8 (height, width, 1 or 3), not {array.dtype} {array.shape}"
        )
    times = int(np.clip(_WIDEST // array.shape[1], 1, largest))
    array = array.repeat(times, axis=0).repeat(times, axis=1)
    buffer = io.BytesIO()
    Image.fromarray(array[..., 0] if array.shape[2] == 1 else array).save(buffer, format="PNG")
    return buffer.getvalue()


def _width(path: Path) -> int:
    """Width in CSS pixels: for a figure fewer than in its file."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path, formats=["PNG"]) as image:
            dots = image.info.get("dpi", (96, 96))[0]
            return max(1, round(image.width * 96 / dots))
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise UserError(
            f"{path} is not a picture: {error}", "Remove the file: the report does without it."
        ) from error
