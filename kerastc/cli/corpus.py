"""The commands on corpora: `kerastc corpus ...`. Nothing heavy is imported at the top."""

import json
import os
from pathlib import Path

import click

from kerastc.cli.commands import Commands
from kerastc.cli.options import JSON
from kerastc.printable import echo

MOST_WORKERS = 2  # without --workers: each takes some 300 MB, all are to take less than 1 GB

CORPUS = click.argument("folder", metavar="CORPUS", type=click.Path(path_type=Path))
COLUMN = click.option(
    "--column", metavar="NAME", default="", help="Of the text in tables and JSON Lines.  [text]"
)
ENCODING = click.option(
    "--encoding", default="utf-8", show_default=True, help="Of text and JSON Lines."
)
SKIP = click.option(
    "--skip-damaged",
    is_flag=True,
    help="Leave out lines that cannot be read, and count them; else the first one ends the work.",
)
KEEP = click.option(
    "--keep",
    metavar="RULE|all",
    multiple=True,
    help="Switch a rule off: control, short, letters, long-word, run, code.",
)


@click.group(cls=Commands)
def corpus() -> None:
    """Turn text of any size into tokens on disk, which language models are trained on.

    \b
    kerastc corpus build es/ novels.txt.gz pages/*.jsonl.zst --tokenizer minilm
    kerastc corpus describe es/
    kerastc corpus vocabulary novels.txt.gz --size 30000 --kind wordpiece --out vocabulary/
    """


@corpus.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.argument("files", nargs=-1, required=True)
@click.option(
    "--tokenizer",
    "name",
    metavar="FOLDER|RUN|NAME",
    required=True,
    help="Its tokenizer.json; or minilm, e5, hf://org/model.",
)
@COLUMN
@ENCODING
@SKIP
@KEEP
@click.option(
    "--duplicates",
    type=click.Choice(["near", "exact", "keep"]),
    default="near",
    show_default=True,
    help="Of lines with the same tokens, or nearly the same, the first stays; exact leaves near "
    "ones in, keep all.",
)
@click.option(
    "--similarity",
    type=float,
    default=0.8,
    show_default=True,
    help="Lines are near from this share of common runs of five tokens.",
)
@click.option(
    "--languages",
    metavar="es,en,...",
    default="",
    help="Count the lines of each, told by their stop words.",
)
@click.option(
    "--shard-tokens", type=int, default=2**26, show_default=True, help="A shard has some more."
)
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    help=f"Processes, some 300 MB each; by default as many as there are cores, at most "
    f"{MOST_WORKERS}.",
)
@click.option(
    "--runner",
    metavar="NAME",
    default="",
    help="Build on Apache Beam: DirectRunner is this machine, with --workers processes.",
)
@click.option(
    "--runner-option",
    "options",
    metavar="--NAME=VALUE",
    multiple=True,
    help="Of the runner; OUT and FILES must be where all machines find them.",
)
@JSON
def build(out, files, name, languages, workers, runner, options, as_json, **given) -> None:
    """Build a corpus in the folder OUT from FILES, which may be larger than memory.

    FILES are text (a paragraph a line), JSON Lines, Parquet or CSV, plain, gzip or Zstandard;
    folders of them, and patterns such as 'part-*.gz'. A paragraph becomes a row of tokens.

    Lines that are no text are left out and counted by the first of these rules that applies;
    --keep RULE switches one off:

    \b
      control    control characters, or U+FFFD in place of a lost one
      short      fewer than 3 words
      letters    under half of the characters are letters: tables, rulers
      long-word  a word of over 100 characters: addresses, encoded files
      run        a character 20 times in a row
      code       one character in 20 is one of { } < > = ; | \\

    Stopped at any moment, the same command goes on where it was. The shards depend on FILES and
    settings alone, not on --workers. On the way OUT takes up to three times its final size.

    \b
    kerastc corpus build es/ novels.txt.gz help.txt.gz --tokenizer e5
    kerastc corpus build web/ 'crawl/*.parquet' --column content --tokenizer minilm --workers 8
    kerastc corpus build raw/ notes.txt --tokenizer runs/text/... --keep all --duplicates keep
    """
    from kerastc.data.corpus import BuildSettings
    from kerastc.data.corpus import build as build_corpus
    from kerastc.errors import UserError
    from kerastc.models.found_tokenizer import find_tokenizer

    if options and not runner:
        raise UserError(
            f"--runner-option {options[0]} is for a build on Apache Beam.",
            "Name its runner: --runner DirectRunner",
        )

    tokenizer, preparation = find_tokenizer(name)
    codes = tuple(code.strip() for code in languages.split(",") if code.strip())
    settings = BuildSettings.of(languages=codes, preparation=preparation, **given)
    workers = workers or min(len(os.sched_getaffinity(0)), MOST_WORKERS)
    if runner:
        from kerastc.data.corpus.beam import build_on_beam

        settled = runner, workers, options
        _show(build_on_beam(out, files, tokenizer, settings, *settled), as_json)
        return
    _show(build_corpus(out, files, tokenizer, settings, workers), as_json)


@corpus.command()
@CORPUS
@click.option("--verify", is_flag=True, help="Compare every shard with its SHA-256.")
@JSON
def describe(folder, verify, as_json) -> None:
    """Show what a CORPUS holds, what was left out of it and why, and its most frequent tokens.

    \b
    kerastc corpus describe es/ --verify
    """
    from kerastc.data.corpus import Corpus

    found = Corpus.open(folder)
    if verify:
        found.verify()
    _show(found, as_json)


@corpus.command()
@click.argument("sources", metavar="CORPUS|FILES...", nargs=-1, required=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A new folder.")
@click.option("--size", type=click.IntRange(1), help="Tokens, at most.  [30000; uncut: all in use]")
@click.option(
    "--kind",
    type=click.Choice(["wordpiece", "unigram", "cut"]),
    help="Train one of these; or cut a corpus's own to what it uses.  [of a corpus cut, else "
    "wordpiece]",
)
@click.option("--cased", is_flag=True, help="Keep capitals and accents; else they are folded.")
@click.option(
    "--lines",
    type=click.IntRange(1),
    default=1_000_000,
    show_default=True,
    help="To train on, drawn evenly; they are held in memory.",
)
@COLUMN
@ENCODING
@SKIP
@KEEP
def vocabulary(sources, out, size, kind, cased, lines, **given) -> None:
    """Train a vocabulary on FILES or a CORPUS, or cut that of a CORPUS to the tokens in use.

    The folder --out then holds a tokenizer.json: give it to corpus build as --tokenizer. Text of
    the corpus keeps its tokens where those that it uses stay; --size keeps the most frequent.

    \b
    kerastc corpus vocabulary novels.txt.gz --kind unigram --size 30000 --cased --out vocabulary/
    kerastc corpus vocabulary es/ --out smaller/
    """
    from kerastc.data.corpus import BuildSettings, Corpus
    from kerastc.data.corpus import vocabulary as trained
    from kerastc.errors import UserError
    from kerastc.files import writing

    if out.exists():
        raise UserError(f"{out} is there already.", "Name a new folder.")
    of_corpus = len(sources) == 1 and (Path(sources[0]) / "corpus.json").exists()
    kind = kind or ("cut" if of_corpus else "wordpiece")
    if kind == "cut":
        tokenizer = trained.cut_vocabulary(Corpus.open(sources[0]), size)
    else:
        text = (
            trained.decoded_rows(Corpus.open(sources[0]), lines)
            if of_corpus
            else trained.sampled_lines(sources, BuildSettings.of(duplicates="keep", **given), lines)
        )
        tokenizer = trained.train_vocabulary(text, kind, size or 30_000, not cased)
    with writing(out) as folder:
        tokenizer.save(folder)
    echo(f"{out}: {tokenizer.model}, {tokenizer.vocabulary_size:,} tokens")


def _show(found, as_json: bool) -> None:
    if as_json:
        echo(json.dumps(found.record, indent=2, ensure_ascii=False))
        return
    from kerastc.data.corpus.telling import lines

    for line in lines(found):
        echo(line)
