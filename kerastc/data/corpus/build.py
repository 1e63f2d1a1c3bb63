"""Builds a corpus from files: tokens block by block, duplicates, shards; resumable at any moment.

1. Each block of text becomes a piece: tokens, and keys of equal and near rows.
2. The keys are sorted on disk; rows that repeat an earlier one are marked.
3. What is left of whole pieces becomes shards, and corpus.json is written last.

A step is a function of the files and settings alone, whoever carries it out: so shards are equal
for any number of processes, and what a killed build has finished is used by the next.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerastc import files
from kerastc.data.corpus.assembly import Assembler, Plan
from kerastc.data.corpus.blocks import Block, block_name, blocks, units
from kerastc.data.corpus.corpus import Corpus
from kerastc.data.corpus.duplicates import (
    Bits,
    find_duplicates,
    first_rows,
    read_bits,
    write_bits,
)
from kerastc.data.corpus.layout import FILE
from kerastc.data.corpus.piece import Piece, PieceMaker
from kerastc.data.corpus.report import read_counts, report
from kerastc.data.corpus.settings import BuildSettings
from kerastc.data.corpus.shard_writer import save_tokenizer, write_corpus_file
from kerastc.data.corpus.site import Site
from kerastc.data.corpus.sources import Source, find_sources
from kerastc.data.corpus.workers import Killed, each
from kerastc.errors import UserError
from kerastc.forms import COUNT, read_json
from kerastc.progress import progress, quietly
from kerastc.text.tokenizer import Tokenizer

UNIT_FORM = {"blocks": COUNT}


def build(
    out: Path,
    names: Sequence[str],
    tokenizer: Tokenizer,
    settings: BuildSettings,
    workers: int = 1,
) -> Corpus:
    """Builds a corpus, or goes on with one that was stopped, or finds it finished.

    Args:
        out: the folder of the corpus.
        names: files, folders and patterns.
        tokenizer: of the corpus.
        settings: of the corpus.
        workers: processes.

    Raises:
        UserError: files cannot be read, no row is left, or `out` holds something else.
    """

    def make_pieces(site: Site, sources: Sequence[Source]) -> None:
        pieces(site, tokenizer, settings, sources, workers)

    def make_shards(site: Site, plan: Plan, dropped: Bits) -> None:
        shards(site, tokenizer, settings, plan, dropped, workers)

    return carried_out(Site(out), names, tokenizer, settings, make_pieces, make_shards)


def carried_out(
    site: Site,
    names: Sequence[str],
    tokenizer: Tokenizer,
    settings: BuildSettings,
    make_pieces: Callable[[Site, Sequence[Source]], None],
    make_shards: Callable[[Site, Plan, Bits], None],
) -> Corpus:
    """A build, whoever does its steps.

    Args:
        site: of the corpus.
        names, tokenizer, settings: as in `build`.
        make_pieces: step 1, and step 2 if it finds duplicates on its way.
        make_shards: step 3.

    Raises:
        UserError: as in `build`.
    """
    sources = find_sources(names, settings.encoding)
    with site.lock():
        fresh = site.begin(tokenizer, settings, sources)
        if (site.folder / FILE).exists():
            site.clear()
            return Corpus.open(site.folder)
        try:
            if not site.plan.exists():
                make_pieces(site, sources)
            plan, dropped = planned(site, settings)
            make_shards(site, plan, dropped)
            return finish(site, tokenizer, settings, plan)
        except Killed:
            raise
        except UserError:
            if fresh:  # what is mended, a file or a setting, changes all pieces
                site.take_back()
            raise


def pieces(
    site: Site,
    tokenizer: Tokenizer,
    settings: BuildSettings,
    sources: Sequence[Source],
    workers: int,
) -> None:
    """Step 1: the pieces that are missing."""
    maker = PieceMaker, (site.pieces, tokenizer.content, settings)
    total = sum(source.size for source in sources) // 1024
    with progress("Reading and tokenizing (KiB)", total) as advance, quietly():
        done = 0

        def told(block: Block) -> None:
            nonlocal done
            advance((done + block.packed) // 1024 - done // 1024)
            done += block.packed

        def missing() -> Iterator[Block]:
            for number, unit in enumerate(units(sources)):
                marker = site.units / f"{number:07}.json"
                if size := _finished(site, number, marker):
                    told(Block(number, 0, (), 0, sum(source.size for source in unit)))
                    continue
                size = 0
                for block in blocks(number, unit, settings.column):
                    size += 1
                    if site.piece(block.name).path.exists():
                        told(block)
                    else:
                        yield block
                files.write_json(marker, {"blocks": size})

        for block, _ in each(missing(), start_pieces, maker[1], workers):
            told(block)


def start_pieces(folder: Path, content: str, settings: BuildSettings):
    """What makes a piece of a block, in a process of its own or not."""
    return PieceMaker(folder, Tokenizer(content), settings).make


def _finished(site: Site, unit: int, marker: Path) -> int:
    """How many blocks a unit has, if all their pieces are there; else 0."""
    if not marker.exists():
        return 0
    size = read_json(marker, UNIT_FORM)["blocks"]
    there = all(site.piece(block_name(unit, n)).path.exists() for n in range(size))
    return size if there else 0


def planned(site: Site, settings: BuildSettings) -> tuple[Plan, Bits]:
    """Step 2: which rows are left out, and which pieces make which shard."""
    if not site.plan.exists():
        found = site.all_pieces()
        rows = first_rows(found)[-1]
        exact, near = Bits(rows), Bits(rows)
        if settings.duplicates != "keep":
            bands = settings.bands.count if settings.bands else 0
            exact, near = find_duplicates(found, bands, site.keys)
        decide(site, settings, found, exact, near)
    plan = Plan.read(site.plan)
    exact, near = read_bits(site.bits, plan.rows[-1])
    return plan, Bits(plan.rows[-1], exact.packed | near.packed)


def decide(
    site: Site, settings: BuildSettings, found: Sequence[Piece], exact: Bits, near: Bits
) -> None:
    """Writes down what step 2 found; from here on pieces may go."""
    rows = first_rows(found)[-1]
    dropped = Bits(rows, exact.packed | near.packed)
    counts = read_counts(piece.record for piece in found)
    if dropped.count() == rows:
        told = ", ".join(f"{name} {count:,}" for name, count in counts["left_out"].items())
        raise UserError(
            f"No row is left of {counts['documents']:,}: {told or 'the files are empty'}.",
            "A rule is switched off by --keep RULE.",
        )
    write_bits(site.bits, exact, near)
    duplicates = {"exact": exact.count(), "near": near.count()}
    files.write_json(site.counts, {"read": counts, "duplicates": duplicates})
    Plan.of(found, dropped, settings.shard_tokens).write(site.plan)


def shards(
    site: Site,
    tokenizer: Tokenizer,
    settings: BuildSettings,
    plan: Plan,
    dropped: Bits,
    workers: int,
) -> None:
    """Step 3: the shards that are missing."""
    given = assembler_arguments(site, tokenizer, settings)
    assembler = Assembler(*given)
    with progress("Writing shards", len(plan.shards)) as advance, quietly():

        def missing() -> Iterator[tuple[int, list[str], list[np.ndarray]]]:
            for number in range(len(plan.shards)):
                if assembler.done(number):
                    advance(1)
                else:
                    yield shard_task(plan, dropped, number)

        for _ in each(missing(), start_shards, given, workers):
            advance(1)


def assembler_arguments(site: Site, tokenizer: Tokenizer, settings: BuildSettings) -> tuple:
    """The arguments of `Assembler`."""
    size = tokenizer.vocabulary_size
    return site.folder, site.pieces, site.records, size, len(settings.languages)


def shard_task(plan: Plan, dropped: Bits, number: int) -> tuple[int, list[str], list[np.ndarray]]:
    """The arguments of `Assembler.assemble` for a shard."""
    first, last = plan.shards[number]
    spans = zip(plan.rows[first:last], plan.rows[first + 1 : last + 1], strict=True)
    return number, plan.pieces[first:last], [dropped.span(*span) for span in spans]


def start_shards(*given: Any):
    """What writes a shard, in a process of its own or not."""
    assembler = Assembler(*given)
    return lambda task: assembler.assemble(*task)


def finish(site: Site, tokenizer: Tokenizer, settings: BuildSettings, plan: Plan) -> Corpus:
    """Writes corpus.json, and removes what was needed on the way."""
    assembler = Assembler(*assembler_arguments(site, tokenizer, settings))
    records, counts = [], np.zeros(tokenizer.vocabulary_size, np.int64)
    languages = np.zeros(len(settings.languages) + 1, np.int64)
    for number in range(len(plan.shards)):
        record, tokens, told = assembler.result(number)
        records.append(record)
        counts += tokens
        languages += told
    known = site.read_counts()
    rows = sum(record["rows"] for record in records)
    told = report(known["read"], known["duplicates"], rows, counts, languages, tokenizer, settings)
    save_tokenizer(site.folder, tokenizer)
    write_corpus_file(site.folder, tokenizer, records, counts, site.described(), told)
    site.clear()
    return Corpus.open(site.folder)
