"""The sections of a page of answers."""

from functools import partial
from typing import TYPE_CHECKING

from kerastc.outputs.spans.errors import surest_errors
from kerastc.outputs.spans.groups import GROUPINGS
from kerastc.report.output_page import Section
from kerastc.report.page.template import fragment

if TYPE_CHECKING:
    from kerastc.report.record import RunRecord

_of = partial(fragment, "spans/page.html.j2")


def span_sections(record: "RunRecord") -> list[Section]:
    """The sections in the page's order."""
    final, said, part = record.metrics[record.part], record.predictions, record.part
    sections = []
    if "no_answer" in final:
        html = _of("kinds", final=final, part=part)
        sections.append(Section("figures", html, "kinds", "With and without an answer"))
    if said is not None:
        tables = [(name, grouped(said)) for name, grouped in GROUPINGS.items()]
        html = _of("groups", tables=tables, part=part)
        sections.append(Section("figures", html, "groups", "Which questions"))
        wrong = int((said.figures["exact_match"] < 1).sum())
        html = _of("errors", errors=surest_errors(said), wrong=wrong, part=part)
        sections.append(Section("answers", html, "errors", "Surest errors"))
    return [*sections, Section("data", _of("data", parts_told=record.parts))]
