"""How a row of a table became a text: what a run remembers, so that new rows are read alike.

It is read on devices, too: nothing but Python's own library is imported here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Reading:
    """Columns and encoding of a table of texts.

    Args:
        text: the columns of the text, in their order; none where they are not known.
        label: the column of the class; empty where it is not known.
        separator: what stands between joined columns.
        encoding: of the file.
    """

    text: tuple[str, ...] = ()
    label: str = ""
    separator: str = " "
    encoding: str = "utf-8"

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Reading":
        """That of a run, by its preprocessing.json; empty where the run was made of no table."""
        found = settings.get("reading")
        if not isinstance(found, Mapping):
            return cls()
        text = found.get("text")
        known = {
            name: found[name]
            for name in ("label", "separator", "encoding")
            if isinstance(found.get(name), str)
        }
        if isinstance(text, list | tuple) and all(isinstance(name, str) for name in text):
            known["text"] = tuple(text)
        return cls(**known)

    def given(self, text: Sequence[str] = (), label: str = "", encoding: str = "") -> "Reading":
        """The same with what a user names in its place."""
        named = {"text": tuple(text), "label": label, "encoding": encoding}
        return replace(self, **{name: value for name, value in named.items() if value})

    def as_dict(self) -> dict[str, Any]:
        """For preprocessing.json."""
        return asdict(self)

    @property
    def words(self) -> str:
        """`columns title + body`, to tell where texts come from."""
        return f"column{'s' * (len(self.text) > 1)} {' + '.join(self.text)}"
