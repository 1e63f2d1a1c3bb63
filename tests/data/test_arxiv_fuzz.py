"""Metadata files of arXiv and papers fetched from it, most of them broken: read, or refused.

KERASTC_FUZZ is how many files of each are tried, in twenties; the slow test tries 4,000.
"""

import json
import os
import random
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import pytest
from damage import damage, kinds
from dirty_tables import NUMBERS, WIDE_WORDS, WORDS, dirty
from rfc4180 import rows_of
from table_form import Form

from kerastc.data.arxiv.arxiv import read_arxiv, read_arxiv_part
from kerastc.data.arxiv.fetch import fetch_papers
from kerastc.data.arxiv.papers import Paper, read_papers
from kerastc.errors import UserError
from kerastc.text.cutting import TOO_LONG

COUNT = 20 * int(os.environ.get("KERASTC_FUZZ", "5"))
TWO = {"A": ["cs.AI"], "B": ["math.LO", "math.CT"]}
LISTED = ("cs.AI", "math.LO cs.AI", "math.CT", "hep-ph,cs.AI", "cs.AI")
NOT_LOST = ("papers", "cross_listed", TOO_LONG.format(20, "characters"))  # of no missing row


def papers(draw: random.Random, form: Form) -> list[list]:
    """Rows of metadata; the category is found in one of two columns."""
    names = draw.choice([("arxiv_id", "primary_cat"), ("id", "primary_category"), ("id", "more")])
    rows: list[list] = [[*names, "categories", "title", "abstract"]]
    for number in range(draw.randint(2, 12)):
        listed = draw.choice(LISTED)
        as_list = form.json and draw.random() < 0.2
        first = draw.choice(["cs.AI", "math.CT", "", draw.choice(NUMBERS) if form.json else "x"])
        title = " ".join(draw.choices(WORDS + WIDE_WORDS * (form.encoding != "cp1252"), k=3))
        abstract = draw.choice([f"Words {number}.", f"Words {number}.", "", "Withdrawn", "Again"])
        listed = listed.split() if as_list else listed
        rows.append([f"2001.{number:05d}", first, listed, title, abstract])
    return rows


def metadata(folder: Path, seeds: range) -> Counter:
    """Every row is a paper; every paper a text, or counted."""
    found = Counter()
    for seed in seeds:
        case = dirty(seed, papers, (".csv", ".tsv", ".jsonl"))
        path = case.write(folder)
        try:
            read = list(read_papers(path))
        except UserError as error:
            assert str(path) in error.message
            found["refused"] += 1
            read = None
        else:
            assert len(read) == len(rows_of(path, [], "utf-8", True) if read else [])
            found["read"] += 1
        for text in (("abstract",), ("title", "abstract")):
            options = {"text": text, "max_characters": 20}
            try:
                part = read_arxiv_part(path, "similar", **options)
                assert len(part) + lost(part) == len(read)
                drawn = read_arxiv(
                    path, categories=TWO, counts={"A": 1, "B": 1}, seed=seed, **options
                )
                assert len(drawn) + lost(drawn) == len(read)
                assert all(drawn.fingerprint)
            except UserError as error:
                assert str(path) in error.message
    return found


def lost(data) -> int:
    return sum(count for note, count in data.notes.items() if note not in NOT_LOST)


def fetched(folder: Path, seeds: range) -> Counter:
    """So many papers as are wanted, of what was fetched before; nothing answers for others."""
    found = Counter()
    for seed in seeds:
        draw = random.Random(seed)
        path = folder / "cs.AI.jsonl"
        lines = [{"query": "cat:cs.AI", "next_start": 9, "total": draw.choice([8, 9, 99])}]
        for number in range(draw.randint(1, 6)):
            words = " ".join(draw.choices(WORDS + WIDE_WORDS, k=4))
            paper = Paper(f"2001.{number:05d}", "cs.AI", ("cs.AI",), words, f"{words} {number}")
            lines.append(asdict(paper))
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        path.write_text(text, encoding="utf-8")
        kind = draw.choice(list(kinds(path))) if draw.random() < 0.7 else "whole"
        if kind != "whole":
            damage(path, kind, seed)
        try:
            some = fetch_papers(
                {"cs.AI": 1}, folder, "http://127.0.0.1:9", retries=0, sleep=lambda seconds: None
            )
            assert len(some) == 1 and some[0].has_abstract
            found["read"] += 1
        except UserError as error:
            assert kind != "whole", error
            found["refused"] += 1
        except Exception as error:
            error.add_note(f"seed {seed}: {kind}")
            raise
        path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
    return found


def test_papers_of_a_file_are_texts_or_counted(tmp_path):
    found = metadata(tmp_path, range(COUNT))
    assert min(found["read"], found["refused"]) > COUNT / 5


def test_papers_that_were_fetched_are_read_or_refused(tmp_path):
    found = fetched(tmp_path, range(COUNT))
    assert min(found["read"], found["refused"]) > COUNT / 5


@pytest.mark.slow
def test_many_more_files_of_papers(tmp_path):
    metadata(tmp_path, range(100_000, 104_000))
    fetched(tmp_path, range(100_000, 104_000))
