"""The commands on data files: `kerastc data ...`. Nothing heavy is imported at the top."""

import json
import shlex
from pathlib import Path

import click

from kerastc.cli.commands import Commands
from kerastc.cli.options import JSON
from kerastc.printable import echo

FILE = click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
COLUMNS = click.option("--text", metavar="COLUMN[+COLUMN]", default="", help="Text; else guessed.")
LABEL = click.option("--label", metavar="COLUMN", default="", help="Category; else guessed.")
DATE = click.option("--date", metavar="COLUMN", default="", help="Or YEAR+MONTH+DAY; else guessed.")
CATEGORIES = click.option(
    "--categories",
    metavar="NAME|FILE|none",
    default="none",
    show_default=True,
    help="Rules that make primary categories: irish_times, or your own file.",
)
TAG = click.option(
    "--tag",
    metavar="COLUMN|NAME",
    default="",
    help="FILE has a tag for each word: the column (by number, or last), or upos, xpos, a feature, "
    "the key of spans.",
)
ENCODING = click.option("--encoding", default="utf-8", show_default=True, help="Of FILE.")

DELIMITER = click.option(
    "--delimiter", metavar="CHARACTER|tab", default="", help="Between columns; else detected."
)
HEADER = click.option(
    "--no-header", is_flag=True, help="The first line is a row; columns are named 1, 2, ..."
)
SHEET = click.option(
    "--sheet", metavar="NAME", default="", help="Sheet of a workbook; else the only one with rows."
)
FEW = 1000  # texts: their test part is too small to show much


@click.group(cls=Commands)
def data() -> None:
    """Clean a table of labelled texts and see what is in it, before anything is trained.

    FILE is CSV, TSV, JSON Lines or JSON, plain or gzip, .xlsx, Parquet, or a folder of `datasets`.

    \b
    kerastc data describe headlines.csv.gz --html headlines.html
    kerastc data prepare headlines.csv.gz --out prepared.csv.gz --categories irish_times
    """


@data.command()
@FILE
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A .csv or .csv.gz.")
@COLUMNS
@LABEL
@DATE
@CATEGORIES
@click.option("--unicode", is_flag=True, help="Plain quotes and spaces; no control characters.")
@click.option("--lowercase", is_flag=True, help="Lower case.")
@click.option("--no-punctuation", is_flag=True, help="Punctuation out.")
@click.option("--no-stop-words", is_flag=True, help="Remove stop words; negations stay.")
@click.option("--lemmas", is_flag=True, help="Replace words by their dictionary form (slow).")
@click.option(
    "--capitals", is_flag=True, help="Put a word in front that says how the text is capitalised."
)
@click.option(
    "--language", default="en", show_default=True, help="Language of stop words and lemmas."
)
@click.option(
    "--duplicates",
    type=click.Choice(["drop", "keep"]),
    default="drop",
    show_default=True,
    help="Later rows of the same text and category.",
)
@click.option(
    "--conflicts",
    type=click.Choice(["majority", "drop", "keep"]),
    default="majority",
    show_default=True,
    help="A text under several categories: keep the most frequent one (on a tie the first), "
    "none of its rows, or all.",
)
@ENCODING
@DELIMITER
@HEADER
@SHEET
@click.option(
    "--fallback-encoding", default="", help="For single lines that are not in --encoding."
)
@JSON
def prepare(path, out, text, label, date, categories, encoding, as_json, **options) -> None:
    """Clean FILE into --out: every row is either kept or counted under a reason.

    Next to --out, NAME.report.json has all counts, examples and costs, and NAME.rejected.csv every
    row that was not kept, with its line and reason. A row with a bad date is kept without a date.
    The result has the columns year, month, day, category, primary_category, text (prepared) and
    original; every command that reads labelled files accepts it.

    A file for --categories has lines such as `news.* = news`; the first match decides; rows that
    match none are rejected, and their categories shown. `none` keeps categories as written.

    \b
    kerastc data prepare reviews.csv --out clean.csv.gz
    kerastc data prepare headlines.csv.gz --out prepared.csv.gz --categories irish_times --lowercase
    kerastc data prepare old.csv --out clean.csv --text title+body --fallback-encoding cp1252
    """
    from kerastc.data import clean, write_prepared
    from kerastc.data.cleaning.prepared import refuse_target
    from kerastc.report.exploration.cleaning_terminal import cleaning_tables
    from kerastc.text.preparation import TextPreparation

    refuse_target(path, out)
    cleaned = clean(
        path,
        _columns(text),
        label,
        _columns(date),
        categories=_rules(categories),
        preparation=TextPreparation(
            unicode=options["unicode"],
            lowercase=options["lowercase"],
            punctuation=not options["no_punctuation"],
            stop_words=not options["no_stop_words"],
            lemmas=options["lemmas"],
            capitals=options["capitals"],
            language=options["language"],
        ),
        duplicates=options["duplicates"],
        conflicts=options["conflicts"],
        encoding=encoding,
        fallback_encoding=options["fallback_encoding"],
        delimiter=options["delimiter"],
        header=not options["no_header"],
        sheet=options["sheet"],
    )
    written = write_prepared(cleaned, out)
    if as_json:
        report = {"options": cleaned.options, **cleaned.report.as_dict()}
        echo(json.dumps(report, indent=2, ensure_ascii=False))
    else:
        cleaning_tables(cleaned, written)


@data.command()
@FILE
@COLUMNS
@LABEL
@DATE
@CATEGORIES
@ENCODING
@DELIMITER
@HEADER
@SHEET
@TAG
@click.option("--html", type=click.Path(path_type=Path), help="Write one page that opens offline.")
@JSON
def describe(
    path, text, label, date, categories, encoding, delimiter, no_header, sheet, tag, html, as_json
) -> None:
    """Show what is in FILE: classes, years, words, lengths, label noise.

    FILE need not be clean: rows that cannot be read are counted and left out; duplicates stay, as
    they show how far the labels agree. Four distributions are fitted to the lengths, and the number
    of words that cover 95.5 % of all occurrences is given. With --html, the plots go into a page.

    Of a file with a tag for each word, as the recipes ner, pos and tags read them: the entities of
    each type, tags, words that have several, lengths, repeated sentences. Columns and CoNLL-U are
    known by their content; for JSON with spans give --tag.

    \b
    kerastc data describe reviews.csv
    kerastc data describe esp.train --html names.html
    kerastc data describe headlines.csv.gz --categories irish_times --html headlines.html
    """
    from kerastc.data.tagged.file import is_of_words

    if tag or (not (text or label) and is_of_words(path, encoding)):
        _describe_tagged(path, tag, encoding, html, as_json)
        return
    from kerastc.data import clean, explore
    from kerastc.report.exploration.page import write_page
    from kerastc.report.exploration.terminal import print_exploration

    cleaned = clean(
        path,
        _columns(text),
        label,
        _columns(date),
        categories=_rules(categories),
        duplicates="keep",
        conflicts="keep",
        encoding=encoding,
        delimiter=delimiter,
        header=not no_header,
        sheet=sheet,
    )
    exploration = explore(cleaned.texts).as_dict()
    if html is not None:
        write_page(html, exploration, cleaned.texts.notes)
        echo(f"Wrote {html}", err=True)
    if as_json:
        record = exploration | {"reading": cleaned.report.as_dict()}
        echo(json.dumps(record, indent=2, ensure_ascii=False))
    else:
        print_exploration(exploration, cleaned.texts.notes)
        if len(cleaned.texts) < FEW:
            told = "To train on so few, each tested once: kerastc train text folds=5"
            echo(f"{told} {shlex.quote(f'data={path}')}")


def _describe_tagged(path: Path, tag: str, encoding: str, html: Path | None, as_json: bool) -> None:
    """The same of sentences with a tag for each word."""
    from kerastc.data.tagged.exploring import explore_tagged
    from kerastc.data.tagged.file import read_tagged
    from kerastc.report.exploration.tagged_page import write_tagged_page
    from kerastc.report.exploration.tagged_terminal import print_tagged

    texts = read_tagged(path, tag, encoding=encoding, one_tag=True)
    exploration = explore_tagged(texts).as_dict()
    if html is not None:
        write_tagged_page(html, exploration, texts.notes)
        echo(f"Wrote {html}", err=True)
    if as_json:
        echo(json.dumps(exploration | {"notes": texts.notes}, indent=2, ensure_ascii=False))
    else:
        print_tagged(exploration, texts.notes)


def _rules(categories: str):
    from kerastc.data import CategoryRules

    return None if categories == "none" else CategoryRules.read(categories)


def _columns(words: str) -> list[str]:
    from kerastc.data import column_names

    return column_names(words)
