"""From a table of runs to the report of each, and which of them is recommended."""

import re
from urllib.parse import unquote

from fake_run import compress_fake_run

from kerastc.report import account, compare, write_report


def links(page) -> set[str]:
    found = re.findall(r'<a href="([^"#][^"]*)"', page.read_text(encoding="utf-8"))
    assert not any(character in link for link in found for character in " <>'&")
    return {str((page.parent / unquote(link)).resolve()) for link in found}


def test_a_comparison_leads_to_the_reports_that_there_are(make_run, tmp_path):
    names = ("a:b #1 <b>&'", "50%20 ü", "without")
    runs = [make_run(name, rows=30, epochs=2, seed=i) for i, name in enumerate(names)]
    reports = {str(write_report(run).resolve()) for run in runs[:2]}
    for page in (runs[0].parent / "here.html", tmp_path / "some" / "where" / "else.html"):
        compare(runs).to_html(page)
        assert links(page) == reports


def test_the_recommended_run_is_marked_in_words(make_run, tmp_path):
    runs = [
        make_run(f"r{skill}", rows=90, epochs=2, learning_rate=skill, skill=skill)
        for skill in (1.0, 4.0)
    ]
    compare(runs).to_html(tmp_path / "table.html")
    rows = re.findall(r"<tr.*?</tr>", (tmp_path / "table.html").read_text(), re.DOTALL)
    marked = [row for row in rows if 'class="recommended"' in row]
    assert len(marked) == 1
    assert re.search(r">r4\.0.*>recommended<", marked[0], re.DOTALL)


def test_an_account_leads_to_the_reports_of_the_children(make_run, tmp_path):
    run = make_run("my run", rows=60, epochs=2)
    child = compress_fake_run(run, "small #1", ["vocabulary"])
    report = str(write_report(child).resolve())
    account([run]).to_html(tmp_path / "account.html")
    assert links(tmp_path / "account.html") == {report}
    assert links(write_report(run)) == {report}
