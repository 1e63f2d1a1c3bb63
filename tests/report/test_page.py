"""The page of a run: one offline file, escaped, complete, and gone without what a run lacks."""

import json
import re
import sys
from html.parser import HTMLParser
from types import ModuleType

import numpy as np
import pytest
from fake_run import make_fake_run

from kerastc.errors import UserError
from kerastc.outputs.classes.predictions import read_predictions, write_predictions
from kerastc.report.page.page import write_report
from kerastc.tasks import TASKS, Task

SCRIPT = "<script>alert('x')</script>"


class Page(HTMLParser):
    """Counts what a page is made of."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)

    def all(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture
def report(make_run):
    """`report(**what)` makes a run, writes its page and gives it with its folder."""

    def write(change=lambda folder: None, **what) -> tuple[Page, str, object]:
        folder = make_run(rows=60, epochs=3, **what)
        change(folder)
        path = write_report(folder)
        assert path == folder / "report.html"
        source = path.read_text(encoding="utf-8")
        return Page(source), source, folder

    return write


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """The page of a run that lacks nothing, with its source and folder."""
    folder = make_fake_run(tmp_path_factory.mktemp("runs") / "plain", rows=60, epochs=3)
    source = write_report(folder).read_text(encoding="utf-8")
    return Page(source), source, folder


def edit_json(name: str, **changes):
    """A change of a run: sets keys of one of its JSON files, or removes those set to None."""

    def change(folder):
        value = json.loads((folder / name).read_text(encoding="utf-8")) | changes
        kept = {key: item for key, item in value.items() if item is not None}
        (folder / name).write_text(json.dumps(kept), encoding="utf-8")

    return change


def test_the_headline_is_the_test_metrics_with_their_intervals(plain):
    page, _, folder = plain
    test = json.loads((folder / "metrics.json").read_text())["test"]
    for key in ("accuracy", "macro_f1"):
        low, high = test["intervals"][key]
        assert f"{test[key]:.3f} 95 %: {low:.3f} to {high:.3f}" in page.text


def test_it_opens_offline(plain):
    page, source, _ = plain
    assert page.all("script") == [{}]  # the page's own
    assert not page.all("link")
    assert {image["src"].split(",")[0] for image in page.all("img")} == {"data:image/png;base64"}
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//|url\(|@import", source)


def test_every_plot_is_on_the_page_and_in_the_folder(plain):
    page, _, folder = plain
    names = sorted(path.name for path in (folder / "plots").iterdir())
    assert names == [
        "accuracy_by_length.png",
        "class_proportions.png",
        "confusion.png",
        "learning_curves.png",
        "per_class.png",
        "reliability.png",
    ]
    assert len(page.all("img")) == len(names)


def test_texts_and_class_names_are_no_markup(report):
    page, source, _ = report(
        classes=(SCRIPT, "a & b", '"quoted"'), texts=[f"{SCRIPT} {i}" for i in range(60)]
    )
    assert page.all("script") == [{}]  # the page's own
    assert SCRIPT not in source
    assert page.text.count(SCRIPT) > 20


def test_a_reader_who_does_not_see_finds_the_way(plain):
    page, _, _ = plain
    assert page.all("html")[0]["lang"] == "en"
    assert all(len(image["alt"]) > 20 for image in page.all("img"))
    assert all("scope" in heading for heading in page.all("th"))
    assert len(page.all("h1")) == 1
    assert len(page.all("caption")) == len(page.all("table"))


def test_the_contents_lead_to_every_section(plain):
    page, _, _ = plain
    anchors = {link["href"][1:] for link in page.all("a")}
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    assert anchors == ids


def test_the_command_data_and_settings_are_told(plain):
    page, _, _ = plain
    for expected in (
        "kerastc train arxiv problem=similar seed=0",
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        "early_stopping.patience 3",
        "versions.keras 3.15.1",
        "Rows that repeat a text nearly 11",
        "has more than one class 7",
        "texts of more than 300 characters, which are cut 1480",
        "Trainable parameters 148,995",
        "Peak memory 1.40 GiB",
    ):
        assert expected in page.text


def test_errors_and_uncertain_texts_are_listed(plain):
    page, _, _ = plain
    rows = [cell for cell in page.all("td") if cell.get("class") == "text"]
    assert 21 < len(rows) <= 41  # errors, 20 uncertain texts, one example of a duplicate
    assert "Most confident errors" in page.text


def test_a_model_without_errors_is_told_so(report):
    page, _, _ = report(skill=60.0)
    assert "The model made no error" in page.text


@pytest.mark.parametrize(
    ("name", "gone"),
    [
        ("environment.json", "versions.keras"),
        ("data.json", "Fingerprint"),
        ("history.csv", "Each class by epoch"),
        ("predictions/test.csv", "Most confident errors"),
    ],
)
def test_a_missing_file_leaves_out_its_section(report, name, gone):
    page, _, _ = report(change=lambda folder: (folder / name).unlink())
    assert gone not in page.text
    assert "Final metrics" in page.text


def test_columns_that_history_lacks_leave_out_their_plot(report):
    page, _, folder = report(
        change=lambda folder: (folder / "history.csv").write_text("epoch,loss\n1,0.5\n2,inf\n")
    )
    assert (folder / "plots" / "learning_curves.png").is_file()
    assert "Each class by epoch" not in page.text


def test_without_a_test_part_the_headline_is_of_validation(report):
    page, _, _ = report(change=edit_json("metrics.json", test=None))
    assert "Validation accuracy" in page.text
    assert "Test accuracy" not in page.text


def test_a_baseline_has_its_own_section_with_figures_intervals_and_costs(report):
    page, _, folder = report(skill=4.0, baseline=1.0)
    metrics = json.loads((folder / "metrics.json").read_text())
    baseline = metrics["baseline"]["test"]
    low, high = baseline["intervals"]["accuracy"]
    assert f"{baseline['accuracy']:.3f} {low:.3f} to {high:.3f}" in page.text
    assert f"Loss {metrics['test']['loss']:.3f} {baseline['loss']:.3f}" in page.text
    assert "Training time 41.3 s 0.9 s Parameters 22,861,059 31,002" in page.text
    assert "The model beats the bag of words: accuracy" in page.text
    assert "#baseline" in [link.get("href") for link in page.all("a")]


def test_a_model_that_does_not_beat_the_baseline_is_told_so(report):
    page, _, _ = report(skill=3.0, baseline=3.0)
    assert "The model does not beat the bag of words" in page.text


def test_a_run_without_a_baseline_has_no_such_section(plain):
    assert "bag of words" not in plain[1]


def test_an_unfinished_run_is_told_what_it_lacks(make_run):
    folder = make_run(finished=False)
    with pytest.raises(UserError, match=r"metrics\.json") as error:
        write_report(folder)
    assert "--resume" in error.value.hint
    assert not (folder / "report.html").exists()


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"no config\.json"):
        write_report(tmp_path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("metrics.json", "{"),
        ("metrics.json", "[1]"),
        ("history.csv", 'a,b\n"1,2\n3,4,5,6\n'),
        ("predictions/test.csv", "text,label,predicted,p[x]\nt,x,x,1.0\n"),
    ],
)
def test_a_broken_file_is_named(make_run, name, content):
    folder = make_run(rows=30, epochs=2)
    (folder / name).write_text(content)
    with pytest.raises(UserError, match=re.escape(str(folder / name))):
        write_report(folder)


def test_a_page_that_fails_leaves_the_old_one(make_run):
    folder = make_run(rows=30, epochs=2)
    before = write_report(folder).read_bytes()
    (folder / "metrics.json").write_text("{")
    with pytest.raises(UserError):
        write_report(folder)
    assert (folder / "report.html").read_bytes() == before
    assert not list(folder.glob(".*writing*"))


def test_an_example_of_two_texts_shows_both(tmp_path, monkeypatch):
    """Of an input without a page of its own, whose predictions have two columns."""
    run = make_fake_run(tmp_path / "run", rows=60, epochs=2)
    monkeypatch.setitem(TASKS, "text-classification", Task("text-classification", "two", "classes"))
    room = ModuleType("kerastc.inputs.two")
    room.UNIT, room.UNITS, room.COLUMNS, room.__path__ = "pair", "pairs", ("first", "second"), []
    monkeypatch.setitem(sys.modules, room.__name__, room)
    for part in ("validation", "test"):
        path = run / "predictions" / f"{part}.csv"
        said = read_predictions(path)
        both = np.array([[text, f"<i>{row}</i>"] for row, text in enumerate(said.examples)], object)
        columns = ("first", "second")
        write_predictions(path, both, said.labels, said.probabilities, said.classes, columns)
    page = write_report(run).read_text(encoding="utf-8")
    assert "Most uncertain pairs, nearest first" in page and "Accuracy by" not in page
    assert re.search(
        r'<td class="text" dir="auto"><div>[^<]+</div><div>&lt;i&gt;\d+&lt;/i&gt;', page
    )
