"""A loopback stand-in for arXiv's query interface: Atom pages, with failures on demand."""

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

ENTRY = """
  <entry>
    <id>http://arxiv.org/abs/{id}v2</id>
    <updated>2024-02-03T10:00:00Z</updated>
    <published>2024-02-01T09:00:00Z</published>
    <title>{title}</title>
    <summary>  {abstract}
    </summary>
    <author><name>Ada Example</name></author>
    <link href="http://arxiv.org/abs/{id}v2" rel="alternate" type="text/html"/>
    <arxiv:primary_category term="{primary}" scheme="http://arxiv.org/schemas/atom"/>
    {categories}
  </entry>"""

FEED = """<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"
      xmlns:arxiv="http://arxiv.org/schemas/atom"
      xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">
  <title type="html">ArXiv Query</title>
  <id>http://arxiv.org/api/example</id>
  <opensearch:totalResults>{total}</opensearch:totalResults>
  <opensearch:startIndex>{start}</opensearch:startIndex>
  <opensearch:itemsPerPage>{size}</opensearch:itemsPerPage>{entries}
</feed>
"""


def entry(id: str, categories: str = "cs.AI", abstract: str = "", title: str = "A title") -> dict:
    """A paper for the server; the first of the categories is the primary one."""
    return {
        "id": id,
        "title": title,
        "abstract": abstract or f"Abstract of {id}: we study x < y & z.",
        "categories": categories.split(),
    }


def entries(count: int, categories: str = "cs.AI", first: int = 1) -> list[dict]:
    return [entry(f"2402.{number:05d}", categories) for number in range(first, first + count)]


@dataclass
class ArxivServer:
    """Answers `search_query=cat:X` with the papers of X.

    Args:
        papers: all papers, in the order in which they are given out.
        faults: request index to what happens in place of the page: an int is a status (503 with
            `retry_after`), "cut" a body that ends half-way at a closed connection, "half" one that
            ends half-way with a length that fits, "empty" a page without entries, "short" a page
            without its last entry, "hangup" no answer at all.
    """

    papers: list[dict]
    faults: dict[int, int | str] = field(default_factory=dict)
    retry_after: str | None = None
    requests: list[tuple[str, int]] = field(default_factory=list)

    def __enter__(self) -> "ArxivServer":
        handler = type("Handler", (_Handler,), {"arxiv": self})
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.http.daemon_threads = False
        threading.Thread(target=self.http.serve_forever, args=(0.01,)).start()
        self.url = f"http://127.0.0.1:{self.http.server_port}/api/query"
        return self

    def __exit__(self, *_: object) -> None:
        self.http.shutdown()
        self.http.server_close()

    def feed(self, query: str, start: int, size: int, fault: int | str | None) -> bytes:
        category = query.split()[0].removeprefix("cat:")
        found = [paper for paper in self.papers if category in paper["categories"]]
        page = found[start : start + size]
        page = {"empty": [], "short": page[:-1]}.get(fault, page)
        entries = "".join(
            ENTRY.format(
                id=paper["id"],
                title=escape(paper["title"]),
                abstract=escape(paper["abstract"]),
                primary=paper["categories"][0],
                categories="".join(f'<category term="{c}"/>' for c in paper["categories"]),
            )
            for paper in page
        )
        return FEED.format(total=len(found), start=start, size=size, entries=entries).encode()


class _Handler(BaseHTTPRequestHandler):
    arxiv: ArxivServer

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        query, start = asked["search_query"][0], int(asked["start"][0])
        fault = self.arxiv.faults.get(len(self.arxiv.requests))
        self.arxiv.requests.append((query, start))
        if fault == "hangup":
            return
        body = self.arxiv.feed(query, start, int(asked["max_results"][0]), fault)
        self.send_response(fault if isinstance(fault, int) else 200)
        if isinstance(fault, int) and self.arxiv.retry_after:
            self.send_header("Retry-After", self.arxiv.retry_after)
        half = body[: len(body) // 2]
        self.send_header("Content-Length", str(len(half if fault == "half" else body)))
        self.end_headers()
        self.wfile.write(half if fault in ("cut", "half") else body)

    def log_message(self, *_: object) -> None:
        """Keeps the test's output clean."""
