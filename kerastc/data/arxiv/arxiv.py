"""arXiv abstracts as labelled texts: papers sorted into classes and drawn evenly by a seed."""

import hashlib
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from pathlib import Path

from kerastc.data.arxiv.papers import Paper, read_papers
from kerastc.data.arxiv.problems import ArxivClass, arxiv_classes
from kerastc.data.tables.reading import Reading
from kerastc.data.texts.texts import LabelledTexts
from kerastc.errors import UserError
from kerastc.text.cutting import TOO_LONG, cut_at_word

API = "https://export.arxiv.org/api/query"


@dataclass(frozen=True, order=True)
class _Candidate:
    arxiv_id: str
    name: str
    text: str
    primary_cat: str
    is_cut: bool
    is_cross_listed: bool


def read_arxiv(
    path: Path,
    problem: str = "similar",
    categories: Mapping[str, Sequence[str]] | None = None,
    counts: Mapping[str, int] | None = None,
    max_characters: int | None = 300,
    seed: int = 0,
    text: Sequence[str] = ("abstract",),
    drop_cross_listed: bool = False,
) -> LabelledTexts:
    """Texts from a metadata file, drawn for a problem.

    A paper's class is that of its primary category. The same seed draws the same papers, whatever
    the order of the rows.

    Args:
        path: a file that `read_papers` reads.
        problem, categories, counts: see `arxiv_classes`.
        max_characters: cut each text before the word that would exceed this; None leaves it whole.
        seed: for the draw.
        text: the fields of a text: "abstract", "title", or both in the order to join them.
        drop_cross_listed: leave out papers that are also listed in another class; by default they
            stay in the class of their primary category, as in the source's data.

    Returns:
        Texts in the order of their identifiers; the classes in the problem's order. Notes count
        the papers read, dropped (other categories, no abstract, withdrawn, repeated,
        cross-listed, not drawn) and, among those drawn, the cut and the cross-listed.

    Raises:
        UserError: see `read_papers` and `arxiv_classes`; or a class has fewer texts than asked.
    """
    classes = arxiv_classes(problem, categories, counts)
    return _draw(
        read_papers(Path(path)),
        classes,
        str(path),
        max_characters,
        seed,
        text,
        drop_cross_listed,
    )


def load_arxiv(
    data: str,
    problem: str,
    cache: Path,
    categories: Mapping[str, Sequence[str]] | None = None,
    counts: Mapping[str, int] | None = None,
    max_characters: int | None = 300,
    seed: int = 0,
    text: Sequence[str] = ("abstract",),
    drop_cross_listed: bool = False,
    api: str = API,
    sleep: Callable[[float], None] = time.sleep,
) -> LabelledTexts:
    """Texts from the file `data`, or fetched from arXiv into `cache` if `data` is empty.

    Args:
        data: path of a metadata file, or "".
        cache: folder of fetched papers; a second call with the same arguments needs no network.
        api: address of arXiv's query interface.
        sleep: waits the given seconds between requests.
        The others: see `read_arxiv`.

    Raises:
        UserError: as in `read_arxiv`; or arXiv does not answer (how to give a file is stated).
    """
    options = (max_characters, seed, text, drop_cross_listed)
    classes = arxiv_classes(problem, categories, counts)
    if data:
        return _draw(read_papers(Path(data)), classes, data, *options)
    from kerastc.data.arxiv.fetch import fetch_papers  # a file needs no HTTP client

    owners = _owners(classes)

    def serves(paper: Paper) -> bool:
        return paper.has_abstract and not (drop_cross_listed and _is_cross_listed(paper, owners))

    wanted = {
        category: share
        for arxiv_class in classes.values()
        for category, share in _shares(arxiv_class).items()
    }
    papers = fetch_papers(wanted, cache, api=api, serves=serves, sleep=sleep)
    return _draw(papers, classes, f"arXiv ({api})", *options)


def read_arxiv_part(
    path: str | Path,
    problem: str,
    max_characters: int | None = 300,
    text: Sequence[str] = ("abstract",),
) -> LabelledTexts:
    """All texts in a metadata file that are in a problem's classes: a part that is not drawn.

    Args:
        path: a file that `read_papers` reads.
        The others: see `read_arxiv`.

    Raises:
        UserError: see `read_papers`; or no paper is in these classes.
    """
    classes = arxiv_classes(problem)
    notes = _notes()
    found = _candidates(read_papers(Path(path)), classes, max_characters, text, False, notes)
    rows = list(_distinct(sorted(found), notes))
    if not rows:
        raise UserError(
            f"{path}: none of {notes['papers']:,} papers gives a text in the classes "
            f"{', '.join(classes)}.",
            "A paper's class is that of its primary category.",
        )
    return _texts(rows, classes, str(path), max_characters, text, notes)


def _shares(arxiv_class: ArxivClass) -> dict[str, int]:
    """Papers to fetch per category."""
    share = math.ceil(arxiv_class.texts / len(arxiv_class.categories))
    # Some spare ones, since abstracts that open alike count once.
    return dict.fromkeys(arxiv_class.categories, share + max(1, share // 50))


def _owners(classes: Mapping[str, ArxivClass]) -> dict[str, str]:
    """The class of each category or archive."""
    return {category: name for name, own in classes.items() for category in own.categories}


def _class_of(category: str, owners: Mapping[str, str]) -> str | None:
    return owners.get(category) or owners.get(category.partition(".")[0])


def _is_cross_listed(paper: Paper, owners: Mapping[str, str]) -> bool:
    """Whether the paper is listed in categories of two classes."""
    return len({_class_of(category, owners) for category in paper.categories} - {None}) > 1


def _draw(
    papers: Iterable[Paper],
    classes: Mapping[str, ArxivClass],
    source: str,
    max_characters: int | None,
    seed: int,
    text: Sequence[str],
    drop_cross_listed: bool,
) -> LabelledTexts:
    notes = _notes()
    found = _candidates(papers, classes, max_characters, text, drop_cross_listed, notes)
    rows = sorted(_distinct(sorted(found), notes), key=lambda row: _rank(row.arxiv_id, seed))
    drawn: list[_Candidate] = []
    for name, arxiv_class in classes.items():
        own = [row for row in rows if row.name == name]
        if len(own) < arxiv_class.texts:
            raise UserError(
                f"{source}: {len(own)} texts for class {name!r}, {arxiv_class.texts} are asked for",
                f"Ask for fewer (counts.{name}={len(own)}) or give more categories or papers.",
            )
        drawn += islice(_in_turn(own), arxiv_class.texts)
    notes["not_drawn"] = len(rows) - len(drawn)
    return _texts(sorted(drawn), classes, source, max_characters, text, notes)


def _notes() -> dict[str, int]:
    reasons = ("other_category", "no_abstract", "withdrawn", "cross_listed_dropped", "repeated")
    return dict.fromkeys(("papers", *reasons), 0)


def _texts(
    rows: Sequence[_Candidate],
    classes: Mapping[str, ArxivClass],
    source: str,
    max_characters: int | None,
    text: Sequence[str],
    notes: dict[str, int],
) -> LabelledTexts:
    if max_characters:
        notes[TOO_LONG.format(max_characters, "characters")] = sum(row.is_cut for row in rows)
    notes["cross_listed"] = sum(row.is_cross_listed for row in rows)
    texts, names = [row.text for row in rows], [row.name for row in rows]
    reading = Reading(tuple(text), separator=". ")  # nearly: see `_joined`
    return LabelledTexts.of(texts, names, source, notes, classes=tuple(classes), reading=reading)


def _candidates(
    papers: Iterable[Paper],
    classes: Mapping[str, ArxivClass],
    max_characters: int | None,
    text: Sequence[str],
    drop_cross_listed: bool,
    notes: dict[str, int],
) -> Iterator[_Candidate]:
    """The papers to draw from; only their texts are kept, as the snapshot has millions."""
    if not text or not set(text) <= {"title", "abstract"}:
        raise UserError(f"text: {list(text)} given; allowed are 'title' and 'abstract', or both")
    owners = _owners(classes)
    for paper in papers:
        notes["papers"] += 1
        name = _class_of(paper.primary_cat, owners)
        if name is None:
            notes["other_category"] += 1
            continue
        if not paper.has_abstract:
            notes["withdrawn" if paper.is_withdrawn else "no_abstract"] += 1
            continue
        is_cross_listed = _is_cross_listed(paper, owners)
        if is_cross_listed and drop_cross_listed:
            notes["cross_listed_dropped"] += 1
            continue
        whole = _joined([" ".join(getattr(paper, field).split()) for field in text])
        kept = cut_at_word(whole, max_characters) if max_characters else whole
        yield _Candidate(
            paper.arxiv_id, name, kept, paper.primary_cat, kept != whole, is_cross_listed
        )


def _joined(parts: Sequence[str]) -> str:
    """Title and abstract as sentences: a title seldom ends in a full stop of its own."""
    return " ".join(
        part if part.endswith((".", "?", "!")) or part is parts[-1] else f"{part}."
        for part in parts
    )


def _distinct(rows: Iterable[_Candidate], notes: dict[str, int]) -> Iterator[_Candidate]:
    """Each paper once, and each text once in its class; a text with two classes stays in both."""
    seen: set[str | tuple[str, str]] = set()
    for row in rows:
        if row.arxiv_id in seen or (row.name, row.text) in seen:
            notes["repeated"] += 1
            continue
        seen |= {row.arxiv_id, (row.name, row.text)}
        yield row


def _rank(key: str, seed: int) -> bytes:
    """A position in the draw that depends only on the key and the seed."""
    return hashlib.blake2b(f"{seed} {key}".encode(), digest_size=8).digest()


def _in_turn(rows: Sequence[_Candidate]) -> Iterator[_Candidate]:
    """One row from each category, then a second from each, and so on."""
    buckets: dict[str, list[_Candidate]] = {}
    for row in rows:
        buckets.setdefault(row.primary_cat, []).append(row)
    for turn in zip_longest(*buckets.values()):
        yield from (row for row in turn if row is not None)
