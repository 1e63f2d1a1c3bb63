"""How table rows became texts, recorded by a run so that new rows are read alike.

Devices import it, too: nothing but Python's standard library is imported here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Reading:
    """Format and columns of a table of texts.

    Args:
        text: the text columns, in order; for pairs, one for each text; empty if not known.
        label: the column of the class; empty if not known.
        separator: goes between joined columns.
        encoding: of the file.
        delimiter: between the columns, if given; detected if empty.
        header: False if the first line is a row.
        sheet: of a workbook, if given; empty takes the only one that has rows.
        language: of the rows taken, if a file of pairs has several.
    """

    text: tuple[str, ...] = ()
    label: str = ""
    separator: str = " "
    encoding: str = "utf-8"
    delimiter: str = ""
    header: bool = True
    sheet: str = ""
    language: str = ""

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Reading":
        """A run's reading, from its preprocessing.json; empty if it was not made from a table."""
        found = settings.get("reading")
        if not isinstance(found, Mapping):
            return cls()
        text = found.get("text")
        known = {
            name: found[name]
            for name in ("label", "separator", "encoding", "delimiter", "sheet", "language")
            if isinstance(found.get(name), str)
        }
        if isinstance(found.get("header"), bool):
            known["header"] = found["header"]
        if isinstance(text, list | tuple) and all(isinstance(name, str) for name in text):
            known["text"] = tuple(text)
        return cls(**known)

    def given(
        self,
        text: Sequence[str] = (),
        label: str = "",
        encoding: str = "",
        delimiter: str = "",
        header: bool | None = None,
        sheet: str = "",
    ) -> "Reading":
        """The same, with the user's values in their place."""
        named = {"text": tuple(text), "label": label, "encoding": encoding}
        named |= {"delimiter": delimiter, "sheet": sheet}
        changes = {name: value for name, value in named.items() if value}
        if header is not None:
            changes["header"] = header
        return replace(self, **changes)

    def as_dict(self) -> dict[str, Any]:
        """For preprocessing.json."""
        known = asdict(self)
        return known if self.language else {k: v for k, v in known.items() if k != "language"}

    @property
    def words(self) -> str:
        """`columns title + body`, to state where texts come from."""
        return columns_in_words(self.text)

    @property
    def form(self) -> str:
        """The file format that a user gave, in words; empty if none was given."""
        said = [f"columns separated by {self.delimiter!r}"] if self.delimiter else []
        return " and ".join(said + ["no header"] * (not self.header))


def columns_in_words(names: Sequence[str]) -> str:
    """`column title`, `columns title + body`."""
    return f"column{'s' * (len(names) > 1)} {' + '.join(names)}"
