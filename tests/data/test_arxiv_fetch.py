"""Fetching from arXiv's query interface, against a server on the loopback that fails on demand."""

import json
import socket

import pytest
from arxiv_server import ArxivServer, entries, entry

from kerastc.data.arxiv.arxiv import load_arxiv
from kerastc.data.arxiv.fetch import fetch_papers
from kerastc.errors import UserError


class Clock:
    """Time that passes only by sleeping; remembers the waits."""

    def __init__(self):
        self.now, self.waits = 0.0, []

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.waits.append(round(seconds, 6))


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def fetch(tmp_path, clock):
    def fetch(server, wanted, **options):
        return fetch_papers(
            wanted,
            tmp_path / "cache",
            server.url,
            page_size=10,
            sleep=clock.sleep,
            clock=lambda: clock.now,
            **options,
        )

    return fetch


def ids(papers):
    return [paper.arxiv_id for paper in papers]


def test_fields_of_a_paper_are_those_of_the_feed(fetch):
    paper = entry("math/0404239", "cs.AI math.LO", "Sets &\n  types < all.", title="On  T")
    with ArxivServer([paper]) as server:
        (found,) = fetch(server, {"cs.AI": 1})
    assert found.arxiv_id == "math/0404239"
    assert (found.primary_cat, found.categories) == ("cs.AI", ("cs.AI", "math.LO"))
    assert found.title == "On T"
    assert " ".join(found.abstract.split()) == "Sets & types < all."


def test_pages_are_asked_for_until_the_count_is_reached(fetch):
    with ArxivServer(entries(50)) as server:
        assert ids(fetch(server, {"cs.AI": 25})) == [p["id"] for p in server.papers[:25]]
    assert server.requests == [("cat:cs.AI", 0), ("cat:cs.AI", 10), ("cat:cs.AI", 20)]


def test_only_papers_filed_under_the_category_count(fetch):
    cross_listed = entries(15, "cs.LG cs.AI", first=100)
    with ArxivServer(cross_listed + entries(5)) as server:
        assert ids(fetch(server, {"cs.AI": 5})) == [p["id"] for p in entries(5)]


def test_papers_without_an_abstract_or_with_the_same_one_do_not_count(fetch):
    unusable = [
        entry("2401.00001", abstract="This paper has been withdrawn by the author."),
        entry("2401.00002", abstract=" "),
        entry("2401.00003", abstract="The same words."),
        entry("2401.00004", abstract="The same\nwords."),
    ]
    with ArxivServer(unusable + entries(3)) as server:
        found = ids(fetch(server, {"cs.AI": 4}))
    assert found == ["2401.00003", *(p["id"] for p in entries(3))]


def test_a_paper_that_comes_again_on_a_later_page_counts_once(fetch):
    with ArxivServer(entries(10) + entries(10)[5:] + entries(10, first=11)) as server:
        found = ids(fetch(server, {"cs.AI": 20}))
    assert found == [p["id"] for p in entries(20)]


def test_requests_keep_the_polite_distance(fetch, clock):
    with ArxivServer(entries(40)) as server:
        fetch(server, {"cs.AI": 40})
    assert clock.waits == [3.0, 3.0, 3.0]


def test_the_distance_holds_between_categories_too(fetch, clock):
    with ArxivServer(entries(5) + entries(5, "cs.FL", first=50)) as server:
        fetch(server, {"cs.AI": 5, "cs.FL": 5})
    assert clock.waits == [3.0]


@pytest.mark.parametrize("fault", [503, 429, "cut", "half", "empty", "hangup"])
def test_a_passing_failure_is_tried_again(fetch, fault):
    with ArxivServer(entries(30), faults={1: fault}) as server:
        assert len(set(ids(fetch(server, {"cs.AI": 30})))) == 30
    assert [start for _, start in server.requests] == [0, 10, 10, 20]


def test_an_empty_first_page_is_tried_again(fetch):
    with ArxivServer(entries(10), faults={0: "empty"}) as server:
        assert len(fetch(server, {"cs.AI": 10})) == 10


def test_a_page_that_lacks_an_entry_leaves_no_gap(fetch):
    with ArxivServer(entries(20), faults={0: "short"}) as server:
        assert ids(fetch(server, {"cs.AI": 20})) == [p["id"] for p in entries(20)]


def test_waits_double_with_each_failure(fetch, clock):
    with ArxivServer(entries(10), faults={0: 503, 1: "cut", 2: 503}) as server:
        fetch(server, {"cs.AI": 10})
    assert clock.waits == [3.0, 6.0, 12.0]


def test_retry_after_is_obeyed(fetch, clock):
    with ArxivServer(entries(10), faults={0: 503}, retry_after="40") as server:
        fetch(server, {"cs.AI": 10})
    assert clock.waits == [40.0]


def test_asked_to_wait_for_hours_it_stops_and_says_so(fetch, clock):
    with ArxivServer(entries(10), faults={0: 503}, retry_after="7200") as server:
        with pytest.raises(UserError, match="7200 s"):
            fetch(server, {"cs.AI": 10})
    assert clock.waits == []


def test_a_refused_query_is_not_repeated(fetch):
    with ArxivServer(entries(10), faults={0: 400}) as server:
        with pytest.raises(UserError, match="HTTP 400"):
            fetch(server, {"cs.AI": 10})
    assert len(server.requests) == 1


def test_after_the_last_retry_the_error_names_query_place_and_failure(fetch):
    faults = dict.fromkeys(range(1, 9), 503)
    with ArxivServer(entries(30), faults=faults) as server:
        with pytest.raises(UserError, match=r"3 times on 'cat:cs.AI' from result 10.*HTTP 503"):
            fetch(server, {"cs.AI": 30}, retries=2)


def test_a_killed_fetch_goes_on_after_its_last_page(fetch):
    with ArxivServer(entries(40), faults=dict.fromkeys(range(2, 20), "hangup")) as server:
        with pytest.raises(UserError, match="from result 20"):
            fetch(server, {"cs.AI": 40}, retries=1)
    with ArxivServer(entries(40)) as server:
        assert ids(fetch(server, {"cs.AI": 40})) == [p["id"] for p in entries(40)]
    assert [start for _, start in server.requests] == [20, 30]


def test_a_kill_while_writing_leaves_the_pages_before(fetch, tmp_path, monkeypatch):
    """The process ends between the temporary file and its renaming."""
    with ArxivServer(entries(20)) as server:
        fetch(server, {"cs.AI": 10})
        with monkeypatch.context() as patch:
            patch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                fetch(server, {"cs.AI": 20})
        assert len(fetch(server, {"cs.AI": 20})) == 20
    assert [start for _, start in server.requests] == [0, 10, 10]


def test_a_second_fetch_asks_for_nothing(fetch, clock):
    with ArxivServer(entries(20)) as server:
        first = fetch(server, {"cs.AI": 15})
        asked = len(server.requests)
        assert fetch(server, {"cs.AI": 15}) == first
        assert len(server.requests) == asked


def test_the_cache_is_a_line_a_paper(fetch, tmp_path):
    with ArxivServer(entries(10)) as server:
        fetch(server, {"cs.AI": 10})
    head, *lines = (tmp_path / "cache" / "cs.AI.jsonl").read_text().splitlines()
    assert json.loads(head) == {"query": "cat:cs.AI", "next_start": 10, "total": 10}
    assert [json.loads(line)["arxiv_id"] for line in lines] == [p["id"] for p in entries(10)]


def test_characters_that_end_a_line_elsewhere_end_none_in_the_cache(fetch):
    paper = entry("2401.00001", abstract="One\u2028two\x85three\u2029four words.")
    with ArxivServer([paper]) as server:
        assert fetch(server, {"cs.AI": 1}) == fetch(server, {"cs.AI": 1})
        assert len(server.requests) == 1


def test_a_broken_cache_file_is_named(fetch, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "cs.AI.jsonl").write_text('{"query": "cat:cs.AI", "next')
    with ArxivServer([]) as server, pytest.raises(UserError, match=r"cs\.AI\.jsonl") as error:
        fetch(server, {"cs.AI": 1})
    assert "Delete" in error.value.hint


def test_an_exhausted_category_says_how_many_there_are(fetch):
    with ArxivServer(entries(13)) as server:
        with pytest.raises(UserError, match=r"13 usable papers .* cs\.AI; 20 are asked"):
            fetch(server, {"cs.AI": 20})
    assert [start for _, start in server.requests] == [0, 10]


def test_a_category_without_papers_is_given_up_on_soon(fetch):
    with ArxivServer([]) as server, pytest.raises(UserError, match=r"no papers for 'cat:cs\.ZZ'"):
        fetch(server, {"cs.ZZ": 1})
    assert len(server.requests) == 3


@pytest.mark.parametrize("category", ["../../etc/passwd", "cs/AI", "cs.AI\0", "", "cs..", "cs.AI "])
def test_what_is_no_category_never_becomes_a_path(fetch, tmp_path, category):
    with ArxivServer([]) as server, pytest.raises(UserError, match="not an arXiv category"):
        fetch(server, {category: 1})
    assert server.requests == []
    assert list(tmp_path.rglob("*")) == []


def test_renamed_categories_leave_out_the_papers_filed_under_the_new_name(fetch):
    with ArxivServer(entries(1, "cs.NA")) as server:
        fetch(server, {"cs.NA": 1})
    assert server.requests[0][0] == "cat:cs.NA ANDNOT cat:math.NA"


def test_an_unwritable_cache_is_named(fetch, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    with ArxivServer(entries(1)) as server, pytest.raises(UserError, match="cannot be written"):
        fetch(server, {"cs.AI": 1})


def test_without_a_network_it_says_how_to_give_a_file(tmp_path, clock):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/api/query"
        with pytest.raises(UserError, match="cannot be reached") as error:
            load_arxiv("", "similar", tmp_path, api=address, sleep=clock.sleep)
    assert "kerastc train arxiv data=FILE" in error.value.hint
    assert "primary_cat" in error.value.hint and "CC0" in error.value.hint
    assert len(clock.waits) <= 2


def test_a_problem_is_fetched_and_drawn(tmp_path, clock):
    classes = {"AI": ["cs.AI"], "Logic": ["cs.LO", "math.LO"]}
    papers = (
        entries(10, "cs.AI")
        + entries(10, "cs.LO cs.AI", first=100)
        + entries(10, "math.LO", first=200)
    )
    with ArxivServer(papers) as server:
        texts = load_arxiv(
            "",
            "similar",
            tmp_path,
            categories=classes,
            counts={"AI": 6, "Logic": 8},
            api=server.url,
            sleep=clock.sleep,
        )
    assert texts.classes == ("AI", "Logic")
    assert texts.class_counts().tolist() == [6, 8]
    assert texts.notes["cross_listed"] == 4


def test_cross_listed_papers_are_replaced_where_they_are_dropped(tmp_path, clock):
    papers = entries(10, "cs.FL cs.AI") + entries(10, "cs.FL", first=50) + entries(9, first=90)
    with ArxivServer(papers) as server:
        texts = load_arxiv(
            "",
            "similar",
            tmp_path,
            categories={"AI": ["cs.AI"], "FL": ["cs.FL"]},
            counts={"AI": 5, "FL": 8},
            drop_cross_listed=True,
            api=server.url,
            sleep=clock.sleep,
        )
    assert texts.class_counts().tolist() == [5, 8]
    assert texts.notes["cross_listed"] == 0
