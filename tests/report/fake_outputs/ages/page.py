"""What a report shows of ages: the plot and the table of the worst."""

import numpy as np
from markupsafe import Markup, escape

from kerastc.report.drawing.captioned import Plot
from kerastc.report.drawing.style import drawing, new_figure
from kerastc.report.output_page import OutputPage, Section


@drawing()
def _scatter(said):
    figure = new_figure(4, 4)
    figure.add_subplot().plot(said.truth, said.answers, ".")
    return figure


class AgePage(OutputPage):
    def lead(self, record):
        return "ages in years"

    def plots(self, record):
        yield Plot("ages", _scatter(record.predictions), "Said against true age.", "A cloud.")

    def shown_rows(self, truth, answers):
        return np.argsort(-np.abs(answers - truth))[:3].tolist()

    def sections(self, record, plots):
        said = record.predictions
        rows = self.shown_rows(said.truth, said.answers)
        shown = record.input_page.shown(record.folder, record.part, said.examples, rows)
        items = "".join(
            f"<li>{escape(shown[row].name)}: {said.answers[row]:.0f}</li>" for row in rows
        )
        html = Markup(f'<h2 id="worst">Furthest from the truth</h2>\n<ul>{items}</ul>\n')
        return [Section("answers", html, "worst", "Furthest")]


PAGE = AgePage
