"""Fills the page templates. Every value is escaped: class names and texts are data."""

import base64
import hashlib
import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from kerastc import files, formatting
from kerastc.errors import UserError
from kerastc.printable import printable


def render(template: str, **values: Any) -> str:
    """A template of this folder, filled.

    Args:
        template: its file name.
        values: its variables; an optional one may be missing.
    """
    # The script is the project's own and takes nothing from the data; the page's policy lets no
    # other run.
    script = (Path(__file__).parent / "sorting.js.j2").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return (
        _environment()
        .get_template(template)
        .render(**values, script=Markup(script), script_hash=f"sha256-{digest}")
    )


def fragment(template: str, macro: str, **values: Any) -> Markup:
    """A part of a page.

    Args:
        template: of this folder or, as NAME/FILE, of the output NAME.
        macro: of the template.
        values: its arguments.
    """
    return getattr(_environment().get_template(template).module, macro)(**values)


@cache
def _environment() -> jinja2.Environment:
    here = Path(__file__).parent
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([here, here.parents[1] / "outputs"]),
        autoescape=True,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": formatting.number,
        "signed": formatting.signed,
        "signed_interval": formatting.signed_interval,
        "percent": formatting.percent,
        "interval": formatting.interval,
        "count": formatting.count,
        "duration": formatting.duration,
        "size": formatting.size,
        "milliseconds": formatting.milliseconds,
        "spread": formatting.spread,
        "setting": formatting.setting,
        "scalar": formatting.scalar,
        "data_url": _data_url,
    }
    return environment


def write_page(path: Path, page: str) -> None:
    """Writes a rendered page where the user wants it, whole or not at all.

    Raises:
        UserError: the path cannot be written.
    """
    path = Path(path)
    try:
        files.write_text(path, page)
    except OSError as error:
        raise UserError(
            f"{path} cannot be written: {error.strerror}.", "Give another file to --html."
        ) from error


def report_links(folders: Iterable[str | None], page: Path) -> dict[str, str]:
    """The reports of some runs as a page links to them; runs without one have no link.

    Args:
        folders: run folders; None for no run.
        page: the page with the links.

    Returns:
        by folder, the address of its report.html relative to the folder of the page.
    """
    start = Path(page).resolve().parent
    reports = {folder: Path(folder).resolve() / "report.html" for folder in folders if folder}
    return {
        folder: quote(os.fsencode(os.path.relpath(report, start)))
        for folder, report in reports.items()
        if report.is_file()
    }


def _shown(value: Any) -> Any:
    """A value for a page: in text, control and direction characters become escapes."""
    return printable(value) if type(value) is str else value


def _data_url(image: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(image).decode("ascii")
