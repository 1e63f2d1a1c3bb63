"""Papers from arXiv categories, fetched page by page into a cache from which it resumes."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from operator import index
from pathlib import Path

from kerastc.data.arxiv.api import Connection, Page
from kerastc.data.arxiv.papers import Paper
from kerastc.data.arxiv.problems import check_category, covers
from kerastc.errors import UserError
from kerastc.files import writing
from kerastc.progress import progress

# Newer papers in the first are filed under the second and list both: leaving them out of the query
# saves paging through thousands of papers to the older ones that are filed under the first.
RENAMED = {"cs.NA": "math.NA", "cs.SY": "eess.SY"}


def fetch_papers(
    wanted: Mapping[str, int],
    cache: Path,
    api: str,
    serves: Callable[[Paper], bool] = lambda paper: paper.has_abstract,
    delay_s: float = 3.0,
    retries: int = 5,
    page_size: int = 200,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> list[Paper]:
    """The newest papers in each category, from the cache if they are there.

    Each page is in the cache before the next is requested, so a killed fetch resumes after its last
    page.

    Args:
        wanted: number of distinct papers by primary category.
        cache: folder with a JSON Lines file per category: a line on the query, then one per paper.
        api: address of the query interface, e.g. `https://export.arxiv.org/api/query`.
        serves: whether a paper counts; those that do not are cached and left out.
        delay_s: seconds between two requests; arXiv asks for three. The waits after failures
            double from it.
        retries: tries after a failed one.
        page_size: papers per request, at most 2000.
        sleep: waits the given seconds.
        clock: seconds, monotonic.

    Raises:
        UserError: an ill-formed category; arXiv has fewer papers; it cannot be reached, or keeps
            failing; the cache cannot be read or written.
    """
    for category in wanted:
        check_category(category)
    found = {category: _Cached.read(cache, category) for category in wanted}
    missing = sum(
        max(0, n - len(found[category].serving(serves))) for category, n in wanted.items()
    )
    if missing:
        with (
            Connection(api, page_size, delay_s, retries, sleep, clock) as connection,
            progress("Fetching from arXiv", total=missing) as advance,
        ):
            connection.report = lambda note: advance(0, note)
            for category, papers in wanted.items():
                _fetch_category(found[category], papers, serves, connection, advance)
    return [paper for c, n in wanted.items() for paper in found[c].serving(serves)[:n]]


def _fetch_category(
    cached: "_Cached",
    papers: int,
    serves: Callable[[Paper], bool],
    connection: "Connection",
    advance: Callable[..., None],
) -> None:
    have = len(cached.serving(serves))
    while have < papers:
        if cached.total is not None and cached.next_start >= cached.total:
            raise UserError(
                f"arXiv has {have} usable papers with the primary category {cached.category}; "
                f"{papers} are asked for",
                "Ask for fewer per class (counts.CLASS=N), or add categories to the class; "
                f"to look for newer papers delete {cached.path}.",
            )
        advance(0, f"{cached.category}, {have} of {papers}")
        page = connection.page(_query(cached.category), cached.next_start)
        cached.add(page)
        before, have = have, len(cached.serving(serves))
        advance(min(have, papers) - before)


def _query(category: str) -> str:
    if "." not in category:
        return f"cat:{category} OR cat:{category}.*"
    if category in RENAMED:
        return f"cat:{category} ANDNOT cat:{RENAMED[category]}"
    return f"cat:{category}"


@dataclass
class _Cached:
    """What has been fetched of a category, and where to resume.

    Args:
        path: its file.
        next_start: index of the first result not fetched yet; new papers push results to higher
            indices, so resuming days later repeats some papers and misses none.
        total: results of the query according to the last page; None before the first.
        papers: those filed under the category, by identifier, in order of arrival.
    """

    path: Path
    category: str
    next_start: int = 0
    total: int | None = None
    papers: dict[str, Paper] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path, category: str) -> "_Cached":
        path = folder / f"{category}.jsonl"
        cached = cls(path, category)
        if not path.exists():
            return cached
        try:
            # Not `splitlines`, which would cut an abstract in two at a U+2028.
            lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
            head, *papers = map(json.loads, lines)
            if head["query"] != _query(category):
                return cached
            cached.next_start, cached.total = index(head["next_start"]), index(head["total"])
            cached.papers = {paper.arxiv_id: paper for paper in map(Paper.of, papers)}
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise UserError(
                f"{path} cannot be read as fetched papers: {error}",
                "Delete that file; the category is fetched again then.",
            ) from error
        return cached

    def serving(self, serves: Callable[[Paper], bool]) -> list[Paper]:
        """Papers that count, each abstract once."""
        by_abstract = {" ".join(p.abstract.split()): p for p in reversed(self.papers.values())}
        first = {paper.arxiv_id for paper in by_abstract.values()}
        return [paper for key, paper in self.papers.items() if key in first and serves(paper)]

    def add(self, page: Page) -> None:
        """Adds a page and rewrites the whole file."""
        for paper in page.papers:
            if covers(self.category, paper.primary_cat):
                self.papers.setdefault(paper.arxiv_id, paper)
        # By the number received, not requested: arXiv sometimes returns less than a full page.
        self.next_start, self.total = self.next_start + len(page.papers), page.total
        head = {
            "query": _query(self.category),
            "next_start": self.next_start,
            "total": self.total,
        }
        lines = [head, *map(asdict, self.papers.values())]
        try:
            with writing(self.path) as beside, beside.open("w", encoding="utf-8") as file:
                file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        except OSError as error:
            raise UserError(
                f"The fetched papers cannot be written to {self.path}: {error.strerror}",
                "Make room there, or name another cache folder.",
            ) from error
