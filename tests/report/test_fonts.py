"""Names in other scripts: drawn where an installed font has them, and said where none has."""

import warnings

from fake_run import make_fake_run

from kerastc.report import write_report
from kerastc.report.drawing.fonts import OWN, families, undrawable
from kerastc.report.drawing.style import drawing, new_figure, plot_names, png

NOWHERE = "\U000131f7"  # an Egyptian hieroglyph
IN_STIX = "\u1d8a"  # STIXGeneral comes with Matplotlib and has it; DejaVu Sans has not


def test_another_installed_font_serves_for_what_the_first_lacks():
    assert families("abc ñ Я") == [OWN]
    assert len(families(f"abc {IN_STIX}")) == 2
    assert plot_names([f"a{IN_STIX}", NOWHERE]) == [f"a{IN_STIX}", "class 2"]
    assert undrawable([f"{NOWHERE}a", IN_STIX, NOWHERE]) == [NOWHERE]


def test_a_font_of_another_weight_is_not_worth_a_word(caplog):
    figure = new_figure(2, 1)
    figure.text(0.5, 0.5, "a", fontfamily="DejaVu Sans Light", fontweight=437)
    png(figure)
    assert not caplog.records


@drawing()
def test_no_character_makes_matplotlib_warn():
    pictures = {}
    for text in (IN_STIX, NOWHERE, "\N{REPLACEMENT CHARACTER}", "a"):
        figure = new_figure(2, 1)
        figure.text(0.5, 0.5, text)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            pictures[text] = png(figure)
    assert len(set(pictures.values())) == 3  # what nobody has is drawn as the replacement


def test_the_page_says_which_characters_no_font_has(tmp_path):
    classes = ("AI", f"x{NOWHERE}", "FL")
    run = make_fake_run(tmp_path / "run", classes=classes, rows=60, epochs=2)
    source = write_report(run).read_text(encoding="utf-8")
    assert f'has no font with <span dir="auto">{NOWHERE}</span>.' in source
    other = make_fake_run(tmp_path / "other", rows=60, epochs=2)
    assert "has no font with" not in write_report(other).read_text(encoding="utf-8")
