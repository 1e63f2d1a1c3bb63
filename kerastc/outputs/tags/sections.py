"""The sections of a page of tags."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from kerastc.outputs.tags.entities import is_scheme
from kerastc.outputs.tags.gallery import unit_names
from kerastc.outputs.tags.mistakes import KINDS, Mistakes
from kerastc.outputs.tags.sentences import Sentences
from kerastc.report.drawing.captioned import Picture
from kerastc.report.long_tables import by_f1, extremes
from kerastc.report.output_page import Section
from kerastc.report.page.template import fragment

if TYPE_CHECKING:
    from kerastc.report.record import RunRecord

_of = partial(fragment, "tags/page.html.j2")


def tag_sections(record: "RunRecord", plots: Mapping[str, Picture]) -> list[Section]:
    """The sections in the page's order.

    Args:
        record: of the run.
        plots: of `tag_plots`, drawn, by name.
    """
    units, kind = unit_names(record.labels)
    common = {"part": record.part, "units": units, "kind": kind}
    final = record.metrics[record.part]
    rows = by_f1(final.get("per_type") or {})
    html = _of("types", final=final, rows=rows, extremes=extremes(rows),
               picture=plots.get("per_type"), **common)  # fmt: skip
    sections = [Section("figures", html, "types", f"Each {kind}")]
    if record.predictions is not None:
        sections += _of_predictions(record, plots, common)
    return [*sections, Section("data", _data(record, common))]


def _of_predictions(
    record: "RunRecord", plots: Mapping[str, Picture], common: Mapping[str, Any]
) -> list[Section]:
    """What is taken for what, the kinds of errors, the worst sentences, the surest errors."""
    said = record.predictions
    mistakes = Mistakes.of(said, record.labels)
    sentences = Sentences(said, mistakes, record.labels)
    html = _of("confused", pairs=mistakes.confusions(), picture=plots.get("confusion"), **common)
    sections = [Section("figures", html, "confused", f"Confused {common['kind']}s")]
    if is_scheme(record.labels):
        html = _of("kinds", mistakes=mistakes, meanings=KINDS, **common)
        sections.append(Section("figures", html, "kinds", "Kinds of errors"))
    found = {"errors": len(mistakes.errors), **common}
    html = _of("worst", sentences=sentences.worst(), **found)
    sections.append(Section("answers", html, "worst", "Worst sentences"))
    html = _of("surest", rows=sentences.surest(), **found)
    return [*sections, Section("answers", html, "surest", "Surest errors")]


def _data(record: "RunRecord", common: Mapping[str, Any]) -> Any:
    """Sentences, words and units of each part."""
    counts = {name: of["counts"] for name, of in record.parts.items() if of.get("counts")}
    known = {name: of for name, of in counts.items() if len(of) == len(record.labels)}
    scheme = is_scheme(record.labels)
    begins = [n for n, label in enumerate(record.labels) if not scheme or label.startswith("B-")]
    names = [record.labels[n][2:] if scheme else record.labels[n] for n in begins]
    return _of(
        "data",
        rows={name: record.parts[name]["rows"] for name in known},
        words={name: sum(of) for name, of in known.items()},
        names=names,
        counts={name: [of[n] for n in begins] for name, of in known.items()},
        folded=len(names) > len(extremes([(name, None) for name in names]) or names),
        **common,
    )
