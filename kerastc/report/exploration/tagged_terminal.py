"""What `kerastc data describe` prints of tagged texts."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from kerastc.console import Console, Text
from kerastc.formatting import count, number, percent
from kerastc.report.exploration.terminal import new_table, print_tables

_SHOWN_TAGS = 40
_SHOWN_NAMES = 5
_SHOWN_WORDS = 10


def print_tagged(
    exploration: Mapping[str, Any], notes: Mapping[str, Any], console: Console | None = None
) -> None:
    """Prints the tables: entities, tags, lengths, words with several tags, and the notes.

    Args:
        exploration: from `TagExploration.as_dict`.
        notes: what was counted while the file was read.
        console: the terminal; by default standard output.
    """
    console = console or Console(highlight=False)
    console.print(Text(exploration["source"]), soft_wrap=True)
    found = [_entities(exploration), _tags(exploration), _lengths(exploration["lengths"])]
    print_tables(console, [table for table in found if table])
    several = exploration["several"]
    console.print(
        f"Words with more than one tag: {several['different']:,} of {exploration['different']:,} "
        f"different ones, {several['occurrences']:,} times in all. With the most frequent tag of "
        f"each word, {percent(several['disagreeing'] / exploration['words'], 2)} of all words "
        "would be wrong."
    )
    for word, tags in several["examples"][:_SHOWN_WORDS]:
        console.print(Text(f"  {word}: {', '.join(f'{tag} {n:,}' for tag, n in tags.items())}"))
    console.print(
        f"Sentences that repeat another: {exploration['repeated']:,}. Rows of equal sentences "
        f"whose tags differ: {exploration['conflicting']:,}."
    )
    for name, value in notes.items():
        console.print(Text(f"{name}: {value:,}"))


def _entities(exploration: Mapping[str, Any]) -> Table | None:
    if exploration["entities"] is None:
        return None
    title = f"Entities; {exploration['without']:,} of {exploration['rows']:,} sentences have none"
    table = new_table(title, "type", "entities", "different", "mean words")
    table.add_column("most frequent", overflow="fold")
    for kind, of in exploration["entities"].items():
        names = ", ".join(f"{name} {n:,}" for name, n in of["most_frequent"][:_SHOWN_NAMES])
        figures = (count(of["count"]), count(of["different"]), number(of["words"], 2))
        table.add_row(Text(kind), *figures, Text(names))
    return table


def _tags(exploration: Mapping[str, Any]) -> Table:
    tags = sorted(exploration["tags"].items(), key=lambda pair: -pair[1])
    title = f"{exploration['words']:,} words with {len(tags):,} tags"
    table = new_table(title, "tag", "words", "share")
    for name, words in tags[:_SHOWN_TAGS]:
        table.add_row(Text(name), count(words), percent(words / exploration["words"]))
    if rest := tags[_SHOWN_TAGS:]:
        words = sum(words for _, words in rest)
        table.add_row(
            f"{len(rest)} rarer ones", count(words), percent(words / exploration["words"])
        )
    return table


def _lengths(found: Mapping[str, Any]) -> Table:
    columns = ("shortest", "median", "mean", "99.7 % up to", "longest")
    table = new_table("Words of a sentence", "in", *columns)
    middle = (number(found["median"], 1), number(found["mean"], 1))
    ends = count(found["most"]), count(found["longest"])
    table.add_row("words", count(found["shortest"]), *middle, *ends)
    return table
