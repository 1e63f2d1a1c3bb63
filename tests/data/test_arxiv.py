"""Reading arXiv metadata files and drawing the two ready problems from them."""

import csv
import gzip
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from written_tables import write as write_table

from kerastc.data.arxiv.arxiv import read_arxiv
from kerastc.data.arxiv.papers import Paper, canonical_id, read_papers
from kerastc.data.arxiv.problems import PROBLEMS, arxiv_classes
from kerastc.errors import UserError

SHARED = Path(__file__).parents[3] / "shared" / "data" / "arxiv"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason=f"no folder {SHARED}")

FIELDS = ("arxiv_id", "primary_cat", "categories", "title", "abstract")


def row(number, categories, abstract=None, title="Title"):
    abstract = f"Abstract {number} of some words." if abstract is None else abstract
    return (f"2001.{number:05d}", categories.split(",")[0], categories, title, abstract)


def write(path, rows, fields=FIELDS):
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "wt", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([fields, *rows])
    return path


TWO = {"A": ["cs.AI"], "B": ["math.LO", "math.CT"]}


def two_classes(path, rows, counts=None, **options):
    counts = counts or {"A": 2, "B": 2}
    return read_arxiv(write(path, rows), categories=TWO, counts=counts, **options)


@pytest.fixture
def rows():
    """20 papers of cs.AI, 20 of math.LO, 3 of math.CT."""
    return [
        *(row(n, "cs.AI") for n in range(20)),
        *(row(n, "math.LO") for n in range(100, 120)),
        *(row(n, "math.CT") for n in range(200, 203)),
    ]


def test_classes_follow_the_primary_category(tmp_path, rows):
    texts = two_classes(tmp_path / "a.csv.gz", [*rows, row(900, "cs.LG,cs.AI")])
    assert texts.classes == ("A", "B")
    of_a = {r[4] for r in rows if r[1] == "cs.AI"}
    for text, label in zip(texts.examples, texts.labels, strict=True):
        assert (text in of_a) == (label == 0)


def test_a_class_is_drawn_evenly_and_topped_up_where_a_category_is_small(tmp_path, rows):
    texts = two_classes(tmp_path / "a.csv", rows, {"A": 1, "B": 10})
    category = {r[4]: r[1] for r in rows}
    drawn = Counter(category[text] for text in texts.examples)
    assert drawn == {"cs.AI": 1, "math.LO": 7, "math.CT": 3}


def test_the_draw_depends_on_the_seed_and_not_on_the_order_of_the_rows(tmp_path, rows):
    first = two_classes(tmp_path / "a.csv", rows, {"A": 8, "B": 8}, seed=3)
    again = two_classes(tmp_path / "b.csv", rows[::-1], {"A": 8, "B": 8}, seed=3)
    other = two_classes(tmp_path / "a.csv", rows, {"A": 8, "B": 8}, seed=4)
    assert first.fingerprint == again.fingerprint
    assert first.fingerprint != other.fingerprint


def test_every_paper_is_drawn_about_as_often_as_any_other(tmp_path, rows):
    """5 of 20 over 200 seeds: 50 times each; binomial standard deviation 6.1."""
    path = write(tmp_path / "a.csv", rows)
    drawn = Counter()
    for seed in range(200):
        texts = read_arxiv(path, categories=TWO, counts={"A": 5, "B": 1}, seed=seed)
        drawn.update(texts.examples[texts.labels == 0])
    assert len(drawn) == 20
    assert all(abs(times - 50) < 5 * 6.1 for times in drawn.values())


def test_papers_without_an_abstract_are_dropped_and_counted(tmp_path, rows):
    bad = [
        row(300, "cs.AI", "  "),
        row(301, "cs.AI", "This paper has been withdrawn by the author due to an error."),
        row(302, "cs.AI", "We show P. This paper\n has been withdrawn because of lemma 2."),
        row(303, "cs.AI", "Withdrawn."),
    ]
    texts = two_classes(tmp_path / "a.csv", rows + bad, {"A": 20, "B": 2})
    assert (texts.notes["no_abstract"], texts.notes["withdrawn"]) == (1, 3)
    assert not any("ithdrawn" in text for text in texts.examples)


def test_a_withdrawal_noted_after_a_real_abstract_leaves_the_paper():
    abstract = "A long account of results. " * 5 + "This paper has been withdrawn."
    assert Paper("1", "cs.AI", ("cs.AI",), "T", abstract).has_abstract


def test_papers_and_texts_that_stand_twice_are_given_once(tmp_path, rows):
    again = [(row_[0] + "0", *row_[1:]) for row_ in rows[:5]] + [
        row(400, "cs.AI", rows[7][4]),
        (rows[8][0], "cs.AI", "cs.AI", "Second version", "Another abstract."),
    ]
    texts = two_classes(tmp_path / "a.csv", rows + again, {"A": 20, "B": 2})
    assert texts.notes["repeated"] == 7
    assert len(set(texts.examples)) == 22


def test_a_text_with_two_classes_stays_in_both(tmp_path, rows):
    texts = two_classes(
        tmp_path / "a.csv",
        [row(1, "cs.AI", "One text."), row(2, "math.LO", "One text."), *rows[20:22]],
        {"A": 1, "B": 3},
    )
    assert sorted(texts.labels[texts.examples == "One text."]) == [0, 1]


def test_cross_listed_papers_stay_with_their_primary_class_and_are_counted(tmp_path, rows):
    crossed = [row(n, "cs.AI,math.LO") for n in range(500, 504)]
    texts = two_classes(tmp_path / "a.csv", rows + crossed, {"A": 24, "B": 2})
    assert texts.notes["cross_listed"] == 4
    assert texts.class_counts().tolist() == [24, 2]


def test_cross_listed_papers_can_be_dropped(tmp_path, rows):
    crossed = [row(n, "cs.AI,math.LO") for n in range(500, 504)]
    texts = two_classes(
        tmp_path / "a.csv", rows + crossed, {"A": 20, "B": 2}, drop_cross_listed=True
    )
    assert (texts.notes["cross_listed_dropped"], texts.notes["cross_listed"]) == (4, 0)
    with pytest.raises(UserError, match="20 texts for class 'A', 21 are asked"):
        two_classes(tmp_path / "a.csv", rows + crossed, {"A": 21, "B": 2}, drop_cross_listed=True)


def test_texts_are_folded_and_cut_at_a_word(tmp_path, rows):
    rows = [row(1, "cs.AI", "One  two\n three four."), row(2, "cs.AI", "Short."), *rows[20:]]
    texts = two_classes(tmp_path / "a.csv", rows, max_characters=12)
    assert {"One two", "Short."} < set(texts.examples)
    cut = "texts of more than 12 characters, which are cut"
    assert texts.notes[cut] == len(texts) - 1
    whole = two_classes(tmp_path / "a.csv", rows, max_characters=None)
    assert "One two three four." in whole.examples
    assert cut not in whole.notes


def test_title_and_abstract_are_joined_in_the_order_given(tmp_path, rows):
    rows = [row(1, "cs.AI", "Words.", "Is it?"), row(2, "cs.AI", "More", "A title"), *rows[20:]]
    texts = two_classes(tmp_path / "a.csv", rows, text=("title", "abstract"))
    assert {"Is it? Words.", "A title. More"} < set(texts.examples)
    titles = two_classes(tmp_path / "a.csv", rows, {"A": 2, "B": 1}, text=("title",))
    assert {"Is it?", "A title"} < set(titles.examples)
    with pytest.raises(UserError, match="authors"):
        two_classes(tmp_path / "a.csv", rows, text=("authors",))


def test_an_archive_stands_for_all_that_is_filed_under_it(tmp_path, rows):
    path = write(tmp_path / "a.csv", [*rows, row(700, "math-ph")])
    texts = read_arxiv(path, categories={"A": ["cs"], "B": ["math"]}, counts={"A": 20, "B": 23})
    assert texts.class_counts().tolist() == [20, 23]


def test_the_snapshot_of_arxiv_is_read_as_it_is(tmp_path):
    line = {
        "id": "0704.0001",
        "submitter": "A. Example",
        "title": "Calculation of\n  something",
        "categories": "hep-ph math.LO",
        "abstract": "  We calculate.\n",
    }
    path = tmp_path / "arxiv-metadata-oai-snapshot.json"
    path.write_text(json.dumps(line) + "\n")
    (paper,) = read_papers(path)
    assert (paper.arxiv_id, paper.primary_cat) == ("0704.0001", "hep-ph")
    assert paper.categories == ("hep-ph", "math.LO")


@pytest.mark.parametrize("kind", ["a.json", "a.xlsx", "a.parquet", "saved"])
def test_papers_are_read_from_tables_of_other_kinds(tmp_path, kind):
    row = {"id": "0704.0001", "title": "A title", "categories": "hep-ph math.LO", "abstract": "We."}
    rows = [row, {**row, "id": "0704.0002", "abstract": None}]
    first, second = read_papers(write_table(tmp_path / kind, rows))
    assert first == Paper("0704.0001", "hep-ph", ("hep-ph", "math.LO"), "A title", "We.")
    assert not second.has_abstract


@pytest.mark.parametrize(
    ("mangled", "true"),
    [
        ("908.3545", "0908.3545"),
        ("1112.052", "1112.0520"),
        ("1807.1158", "1807.11580"),
        ("1607.0795699999999", "1607.07957"),
        ("1805.0325300000002", "1805.03253"),
        ("math/9306201", "math/9306201"),
        ("quant-ph/0201082v1", "quant-ph/0201082"),
        ("1706.03762v7", "1706.03762"),
    ],
)
def test_identifiers_that_were_taken_for_numbers_are_repaired(mangled, true):
    assert canonical_id(mangled) == true


@given(st.integers(7, 26), st.integers(1, 12), st.integers(1, 9999))
def test_an_identifier_survives_a_table_of_numbers(year, month, number):
    """From 2007 on; tables write numbers with the fewest digits that tell them, or with 17."""
    digits = 5 if year >= 15 else 4
    true = f"{year:02d}{month:02d}.{number:0{digits}d}"
    assert canonical_id(true) == true
    assert canonical_id(repr(float(true))) == true
    assert canonical_id(f"{float(true):.17g}") == true


def test_errors_name_what_is_wrong_with_a_file(tmp_path, rows):
    def failing(path, match):
        with pytest.raises(UserError, match=match) as error:
            read_arxiv(path)
        return error.value

    assert "data=FILE" in failing(tmp_path / "none.csv", "No file .*none.csv").hint
    failing(tmp_path / "none.xlsx", "cannot tell its form")
    no_column = write(tmp_path / "c.csv", [], ("id", "categories", "title", "text"))
    assert "id, categories, title, text" in failing(no_column, "no abstract").message
    short = write(tmp_path / "s.csv", [*rows[:2], rows[2][:4]])
    failing(short, "line 4: 4 columns where the header has 5")
    (tmp_path / "latin.csv").write_bytes(",".join(FIELDS).encode() + b"\n1,cs.AI,cs.AI,caf\xe9,x\n")
    failing(tmp_path / "latin.csv", "not UTF-8")
    (tmp_path / "z.csv.gz").write_bytes(b"not gzip at all")
    failing(tmp_path / "z.csv.gz", "there is: not gzip at all")
    (tmp_path / "j.jsonl").write_text('{"id": "1",\n')
    failing(tmp_path / "j.jsonl", "line 1: not valid JSON")
    (tmp_path / "o.jsonl").write_text(
        '{"id": 1, "title": {"a": 1}, "abstract": "", "categories": 7}'
    )
    failing(tmp_path / "o.jsonl", "line 1: a list or object where the title belongs")
    (tmp_path / "empty.csv").write_text("")
    failing(tmp_path / "empty.csv", "is empty")


def test_a_truncated_gzip_file_is_an_error_and_not_a_smaller_file(tmp_path, rows):
    path = write(tmp_path / "a.csv.gz", rows)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UserError, match="cut short"):
        read_arxiv(path, categories=TWO, counts={"A": 1, "B": 1})


def test_a_class_with_too_few_texts_says_how_many_there_are(tmp_path, rows):
    with pytest.raises(UserError, match="23 texts for class 'B', 24 are asked") as error:
        two_classes(tmp_path / "a.csv", rows, {"A": 1, "B": 24})
    assert "counts.B=23" in error.value.hint


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"problem": "other"}, "similar, general"),
        ({"problem": "similar", "categories": {"A": ["cs.AI"]}}, "at least 2"),
        ({"problem": "similar", "categories": {"A": ["cs.AI"], "B": []}}, "categories.B: empty"),
        ({"problem": "similar", "categories": {"A": ["cs"], "B": ["cs.AI"]}}, "overlap"),
        ({"problem": "similar", "categories": {"A": ["cs.AI"], "B": ["../x"]}}, "'../x'"),
        ({"problem": "similar", "counts": {"XX": 3}}, "no class 'XX'; there are: AI, FL, DS"),
        ({"problem": "similar", "counts": {"AI": 0}}, "counts.AI: 0"),
    ],
)
def test_what_makes_no_classes_is_refused(options, match):
    with pytest.raises(UserError, match=match):
        arxiv_classes(**options)


def test_the_ready_problems_have_the_sizes_of_the_source():
    sizes = {name: [c.texts for c in classes.values()] for name, classes in PROBLEMS.items()}
    assert sizes == {"similar": [540, 540, 540], "general": [640, 352, 512]}
    science, physics, mathematics = PROBLEMS["general"].values()
    assert len(set(science.categories)) * 16 == 640
    assert len(set(physics.categories)) * 16 == 352
    # Two more are other names of cs.IT and math-ph, and no paper is filed under them.
    assert (len(set(mathematics.categories)) + 2) * 16 == 512


def test_the_ready_general_problem_is_drawn_16_a_subcategory(tmp_path):
    classes = PROBLEMS["general"].values()
    numbers = iter(range(100_000))
    rows = [row(next(numbers), c) for k in classes for c in k.categories for _ in range(20)]
    texts = read_arxiv(write(tmp_path / "a.csv", rows), "general")
    category = {r[4]: r[1] for r in rows}
    drawn = Counter(category[text] for text in texts.examples)
    assert texts.class_counts().tolist() == [640, 352, 512]
    assert {n for c, n in drawn.items() if c.startswith(("cs.", "physics."))} == {16}
    assert {n for c, n in drawn.items() if c.startswith("math.")} == {17, 18}


@needs_shared
@pytest.mark.parametrize(
    ("name", "problem", "sizes"),
    [("arxiv_cs", "similar", [540, 540, 540]), ("arxiv_areas", "general", [640, 352, 512])],
)
def test_real_metadata_gives_the_sizes_of_the_source(name, problem, sizes):
    texts = read_arxiv(SHARED / f"{name}.csv.gz", problem)
    assert texts.class_counts().tolist() == sizes
    assert len(set(texts.examples)) >= len(texts) - 2  # a few stand in two classes
    assert max(map(len, texts.examples)) <= 300
    assert np.isin(texts.labels, [0, 1, 2]).all()
    assert texts.notes["repeated"] > 20


@needs_shared
def test_classes_by_category_agree_with_the_groups_of_the_real_file():
    """The column `group` is the archive's area, so the problem needs no column for it."""
    with gzip.open(SHARED / "arxiv_areas.csv.gz", "rt", encoding="utf-8", newline="") as file:
        pairs = {(r["primary_cat"], r["group"]) for r in csv.DictReader(file)}
    groups = dict(
        zip(("Computer Science", "Physics", "Mathematics"), ("cs", "physics", "math"), strict=True)
    )
    for name, arxiv_class in PROBLEMS["general"].items():
        assert {g for c, g in pairs if c in arxiv_class.categories} == {groups[name]}
