"""The steps of `build` as pipelines of Apache Beam, for many machines that share a folder.

Files are read unit by unit, pieces made block by block, and duplicates found by grouping keys; the
shards are those of a build without Beam, to the byte. The folder of the corpus must be where all
workers can write it.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

try:
    import apache_beam as beam
    from apache_beam.options.pipeline_options import PipelineOptions
except ImportError as error:
    from kerastc.errors import UserError

    raise UserError(
        f"--runner needs Apache Beam: {error}.",
        'pip install "kerastc[beam]", in an environment of its own if its pins do not fit yours; '
        "or leave --runner out: --workers uses the cores of this machine.",
    ) from None

from kerastc import files
from kerastc.data.corpus.assembly import Assembler, Plan
from kerastc.data.corpus.blocks import Block, blocks, units
from kerastc.data.corpus.build import (
    assembler_arguments,
    carried_out,
    decide,
    shard_task,
)
from kerastc.data.corpus.corpus import Corpus
from kerastc.data.corpus.duplicates import Bits, first_rows
from kerastc.data.corpus.piece import EXACT, Piece, PieceMaker, band_name
from kerastc.data.corpus.settings import BuildSettings
from kerastc.data.corpus.site import Site
from kerastc.data.corpus.sources import Source
from kerastc.errors import UserError
from kerastc.forms import read_json
from kerastc.progress import quietly, tell
from kerastc.text.tokenizer import Tokenizer

LOCAL = "DirectRunner"
ERROR = "error.json"  # of a worker: runners pass on no more than a traceback
Row = tuple[str, int]  # a block's name, and the row in its piece: sorted as the text is


def build_on_beam(
    out: Path,
    names: Sequence[str],
    tokenizer: Tokenizer,
    settings: BuildSettings,
    runner: str = LOCAL,
    workers: int = 1,
    options: Sequence[str] = (),
) -> Corpus:
    """Builds the corpus that `build` does; arguments and errors as there.

    Args:
        runner: of Beam, such as DirectRunner or FlinkRunner.
        workers: processes of Beam's local runner; others have options of their own.
        options: of the runner, such as "--flink_master=localhost:8081".
    """
    given = ["--runner", runner, *options]
    if runner == LOCAL and workers > 1:
        given += ["--direct_running_mode=multi_processing", f"--direct_num_workers={workers}"]

    def make_pieces(site: Site, sources: Sequence[Source]) -> None:
        _run(site, given, lambda p: _pieces(p, site, tokenizer, settings, sources))
        found = site.all_pieces()
        decide(site, settings, found, *_marked(site, found))

    def make_shards(site: Site, plan: Plan, dropped: Bits) -> None:
        arguments = assembler_arguments(site, tokenizer, settings)
        missing = [n for n in range(len(plan.shards)) if not Assembler(*arguments).done(n)]
        tasks = [shard_task(plan, dropped, number) for number in missing]
        _run(site, given, lambda p: _shards(p, site, tasks, arguments))

    site = Site(Path(out).absolute())  # workers may start elsewhere
    return carried_out(site, names, tokenizer, settings, make_pieces, make_shards)


def _run(site: Site, options: list[str], describe: Callable[[Any], None]) -> None:
    """Runs a pipeline; a worker's `UserError` is raised as such."""
    error_file = site.settings.with_name(ERROR)
    error_file.unlink(missing_ok=True)
    try:
        with beam.Pipeline(options=PipelineOptions(options)) as pipeline:
            describe(pipeline)
    except Exception:
        if not error_file.exists():
            raise
        told = read_json(error_file, {"message": str, "hint": str})
        error_file.unlink()
        raise UserError(told["message"], told["hint"]) from None


def _pieces(
    pipeline: Any,
    site: Site,
    tokenizer: Tokenizer,
    settings: BuildSettings,
    sources: Sequence[Source],
) -> None:
    """Steps 1 and 2: pieces, and for each block the rows that repeat an earlier one."""
    numbered = [(number, paths) for number, paths in enumerate(units(_absolute(sources)))]
    tell(f"Reading and tokenizing, {len(numbered):,} units of files")
    (
        pipeline
        | "units" >> beam.Create(numbered)
        | "spread units" >> beam.Reshuffle()
        | "blocks" >> beam.ParDo(ReadBlocks(str(site.folder), settings.column))
        | "spread blocks" >> beam.Reshuffle()
        | "pieces" >> beam.ParDo(MakePieces(str(site.folder), tokenizer.content, settings))
        | "same key" >> beam.GroupByKey()
        | "repeated" >> beam.FlatMap(repeated)
        | "of a block" >> beam.GroupByKey()
        | "mark" >> beam.MapTuple(WriteMarks(str(site.marks)))
    )


def _absolute(sources: Sequence[Source]) -> list[Source]:
    return [replace(source, path=str(Path(source.path).absolute())) for source in sources]


def _shards(pipeline: Any, site: Site, tasks: list, arguments: tuple) -> None:
    """Step 3."""
    tell(f"Writing {len(tasks):,} shards")
    (
        pipeline
        | beam.Create(tasks)
        | beam.Reshuffle()
        | beam.ParDo(WriteShards(str(site.folder), arguments))
    )


class Telling(beam.DoFn):
    """Leaves the message of a `UserError` where the main process finds it.

    Args:
        folder: of the corpus.
    """

    def __init__(self, folder: str):
        self.folder = folder

    def work(self, element: Any) -> Iterator[Any]:
        """What a subclass does with an element."""
        raise NotImplementedError

    def process(self, element: Any) -> Iterator[Any]:
        """As in any DoFn."""
        try:
            with quietly():
                yield from self.work(element)
        except UserError as error:
            told = {"message": error.message, "hint": error.hint}
            files.write_json(Site(Path(self.folder)).settings.with_name(ERROR), told)
            raise


class ReadBlocks(Telling):
    """The blocks of a unit of files."""

    def __init__(self, folder: str, column: str):
        super().__init__(folder)
        self.column = column

    def work(self, element: tuple[int, list[Source]]) -> Iterator[Block]:
        """Reads (number, files)."""
        yield from blocks(*element, self.column)


class MakePieces(Telling):
    """Writes the piece of a block, and gives the keys of its rows."""

    def __init__(self, folder: str, content: str, settings: BuildSettings):
        super().__init__(folder)
        self.content, self.settings = content, settings

    def setup(self) -> None:
        """Makes what makes pieces, once in a process."""
        pieces = Site(Path(self.folder)).pieces
        self.maker = PieceMaker(pieces, Tokenizer(self.content), self.settings)

    def work(self, element: Block) -> Iterator[tuple[tuple[str, int], Row]]:
        """Yields ((kind of key, key), row)."""
        piece = Piece(self.maker.path(element.name))
        if not piece.path.exists():
            self.maker.make(element)
        bands = self.settings.bands.count if self.settings.bands else 0
        names = [] if self.settings.duplicates == "keep" else [EXACT, *map(band_name, range(bands))]
        for name in names:
            for row, key in enumerate(piece.array(name).tolist()):
                yield (name, key), (element.name, row)


class WriteShards(Telling):
    """Writes shards."""

    def __init__(self, folder: str, arguments: tuple):
        super().__init__(folder)
        self.arguments = arguments

    def work(self, element: tuple) -> Iterator[None]:
        """Writes one."""
        Assembler(*self.arguments).assemble(*element)
        yield None


def repeated(group: tuple[tuple[str, int], Iterable[Row]]) -> Iterator[tuple[str, tuple[str, int]]]:
    """Of the rows with a key all but the first: (block, ("exact" or "near", row))."""
    (name, _), rows = group
    for block, row in sorted(rows)[1:]:
        yield block, (EXACT if name == EXACT else "near", row)


class WriteMarks:
    """Writes which rows of a block repeat an earlier one.

    Args:
        folder: for a file a block.
    """

    def __init__(self, folder: str):
        self.folder = folder

    def __call__(self, block: str, marks: Iterable[tuple[str, int]]) -> None:
        marks = set(marks)
        found = {kind: sorted(row for k, row in marks if k == kind) for kind in (EXACT, "near")}
        files.write_text(Path(self.folder) / f"{block}.json", json.dumps(found))


def _marked(site: Site, found: Sequence[Piece]) -> tuple[Bits, Bits]:
    """The rows that equal an earlier one, and those that are near to an earlier one alone."""
    starts = first_rows(found)
    exact, near = Bits(starts[-1]), Bits(starts[-1])
    for piece, start in zip(found, starts, strict=False):
        path = site.marks / f"{piece.name}.json"
        if path.exists():
            marks = read_json(path, {EXACT: [int], "near": [int]})
            exact.set(np.array(marks[EXACT], np.int64) + start)
            near.set(np.array(marks["near"], np.int64) + start)
    near.packed &= ~exact.packed
    return exact, near
