"""arXiv's query interface, page by page: politely, with retries and growing waits."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import arxiv
import requests

from kerastc.data.arxiv.papers import FILE_HINT, Paper, canonical_id
from kerastc.errors import UserError

TIMEOUT_S = 60.0
LONGEST_WAIT_S = 300.0  # asked to wait longer, we stop and say so
TRIES_UNKNOWN = 3  # an empty first page is either a hiccup or a category without papers
TRIES_UNREACHED = 2  # while nothing has ever answered: most likely there is no network
PASSING_STATUSES = {408, 429, 500, 502, 503, 504}


@dataclass(frozen=True)
class Page:
    """Papers in one answer, and the number of results that the query has in all."""

    papers: list[Paper]
    total: int


class _Session(requests.Session):
    """A session for the `arxiv` client, with a time limit and without truncated pages."""

    answered = False
    retry_after = ""

    def get(self, url, **options):
        self.retry_after = ""
        response = super().get(url, timeout=TIMEOUT_S, **options)
        self.answered = True
        self.retry_after = response.headers.get("Retry-After", "")
        # The client's parser repairs a truncated page, and half a page would pass for a whole one.
        if response.ok and not response.content.rstrip().endswith(b"</feed>"):
            raise requests.ConnectionError("the answer is not a whole feed")
        return response


class Connection:
    """Asks for pages one at a time, never sooner than `delay_s` after the last answer.

    Args:
        api: address of the query interface, e.g. `https://export.arxiv.org/api/query`.
        page_size: results per request, at most 2000.
        delay_s: seconds between requests; the waits after failures double from it.
        retries: tries after a failed one.
        sleep: waits the given seconds.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        api: str,
        page_size: int,
        delay_s: float,
        retries: int,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.api, self.page_size, self.delay_s, self.retries = api, page_size, delay_s, retries
        self.sleep, self.clock = sleep, clock
        self.report: Callable[[str], None] = lambda note: None
        self.last_request: float | None = None
        # The client's own retries have constant waits and do not survive a cut connection, and
        # `results` hides the total: so it is asked for single pages, once each.
        self.client = arxiv.Client(page_size=page_size, delay_seconds=0, num_retries=0)
        self.client.query_url_format = f"{api}?{{}}"
        self.session = self.client._session = _Session()

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    def page(self, query: str, start: int) -> Page:
        """Results from `start` on, newest first.

        Raises:
            UserError: after the last try, stating the last failure.
        """
        search = arxiv.Search(query, sort_by=arxiv.SortCriterion.SubmittedDate)
        url = self.client._format_url(search, start, self.page_size)
        tries = 0
        while True:
            self._keep_distance()
            failure, is_passing, limit = "an empty page", True, self.retries + 1
            try:
                feed = self.client._parse_feed(url)
            except arxiv.HTTPError as error:
                failure, is_passing = f"HTTP {error.status}", error.status in PASSING_STATUSES
            except requests.RequestException as error:
                failure = f"{type(error).__name__}: {_innermost(error)}"
                if not self.session.answered:
                    limit = min(limit, TRIES_UNREACHED)
            else:
                if feed.results:
                    return Page(
                        [_paper(result) for result in feed.results], feed.header.total_results
                    )
                if start == 0 and feed.header.total_results == 0:
                    failure, limit = "no results", min(limit, TRIES_UNKNOWN)
            finally:
                self.last_request = self.clock()
            tries += 1
            if not is_passing or tries >= limit:
                raise self._giving_up(query, start, tries, failure)
            wait = self._wait_s(tries)
            self.report(f"{failure}; again in {wait:.0f} s")
            self.sleep(wait)

    def _keep_distance(self) -> None:
        if self.last_request is not None:
            wait = self.last_request + self.delay_s - self.clock()
            if wait > 0:
                self.sleep(wait)

    def _wait_s(self, tries: int) -> float:
        asked = self.session.retry_after.strip()
        wait = max(self.delay_s * 2 ** (tries - 1), float(asked) if asked.isdecimal() else 0.0)
        if wait > LONGEST_WAIT_S:
            raise UserError(
                f"arXiv asks to wait {wait:.0f} s before the next request",
                "Run the same command after that; it resumes where it stopped.",
            )
        return wait

    def _giving_up(self, query: str, start: int, tries: int, failure: str) -> UserError:
        if not self.session.answered:
            return UserError(f"arXiv cannot be reached at {self.api} ({failure})", FILE_HINT)
        if failure == "no results":
            return UserError(
                f"arXiv has no papers for {query!r}",
                "Check the name: https://arxiv.org/category_taxonomy",
            )
        return UserError(
            f"arXiv failed {tries} times on {query!r} from result {start}; at last: {failure}",
            f"Run the same command later; it resumes from there. {FILE_HINT}",
        )


def _innermost(error: BaseException) -> str:
    """The root cause, which is clearer and shorter than the exceptions that wrap it."""
    while (cause := error.__context__) is not None:
        error = cause
    return str(error)


def _paper(result: arxiv.Result) -> Paper:
    return Paper(
        canonical_id(result.entry_id.split("/abs/")[-1]),
        result.primary_category,
        tuple(result.categories),
        result.title.strip(),
        result.summary.strip(),
    )
