"""How a row of a table became a text: what a run remembers, so that new rows are read alike.

It is read on devices, too: nothing but Python's own library is imported here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Reading:
    """Form and columns of a table of texts.

    Args:
        text: the columns of the text, in their order; of pairs, that of each of the two; none
            where they are not known.
        label: the column of the class; empty where it is not known.
        separator: what stands between joined columns.
        encoding: of the file.
        delimiter: between the columns, where it was given; empty finds it out.
        header: False where the first line is a row.
        sheet: of a workbook, where it was given; empty takes the only one that has rows.
        language: of the rows that were taken, where a file of pairs has several.
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
        """That of a run, by its preprocessing.json; empty where the run was made of no table."""
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
        """The same with what a user names in its place."""
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
        """`columns title + body`, to tell where texts come from."""
        return columns_in_words(self.text)

    @property
    def form(self) -> str:
        """What a user said of the form of the file, in words; empty where nothing was said."""
        said = [f"columns separated by {self.delimiter!r}"] if self.delimiter else []
        return " and ".join(said + ["no header"] * (not self.header))


def columns_in_words(names: Sequence[str]) -> str:
    """`column title`, `columns title + body`."""
    return f"column{'s' * (len(names) > 1)} {' + '.join(names)}"
