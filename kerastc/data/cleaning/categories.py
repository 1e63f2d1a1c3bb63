"""Rules that map a file's categories to the few that a model should tell apart.

A rule file is a text file with one rule per line; the first that matches decides:

    # everything under it, at any depth
    news.* = news
    lifestyle.people = culture
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from kerastc.data.label_names import class_name
from kerastc.data.tables.plain_file import PlainFile
from kerastc.errors import UserError, nearest

SUFFIX = ".categories"
PACKAGED = Path(__file__).parent


@dataclass(frozen=True)
class CategoryRules:
    """Ordered rules; patterns ignore case.

    Args:
        rules: (pattern, primary category); `*`, `?` and `[...]` in a pattern are as in file names.
        source: where they were read from.
    """

    rules: tuple[tuple[str, str], ...]
    source: str

    @classmethod
    def read(cls, name: str | Path) -> "CategoryRules":
        """Reads a user's rule file, or one from the package by its name ("irish_times").

        Raises:
            UserError: no such file, a line that is not a rule, or a rule that can never match.
        """
        packaged = {path.stem: path for path in PACKAGED.glob(f"*{SUFFIX}")}
        path = packaged.get(str(name), Path(name))
        if not path.exists():
            raise UserError(
                f"There is no file {name} of category rules.",
                nearest(str(name), packaged)
                or f"Name a file of lines such as 'news.* = news', or: {', '.join(packaged)}.",
            )
        rules: dict[str, str] = {}
        for number, line in enumerate(PlainFile.at(path).lines(show_progress=False), 1):
            written = line.partition("#")[0].strip()
            if not written:
                continue
            pattern, equals, primary = map(class_name, written.partition("="))
            if not (pattern and equals and primary):
                raise UserError(
                    f"{path}, line {number}: {written!r} is not a rule.",
                    "A rule is PATTERN = PRIMARY CATEGORY, such as: news.* = news",
                )
            if pattern.casefold() in rules:
                raise UserError(
                    f"{path}, line {number}: an earlier line has the pattern {pattern!r}, so this "
                    "rule would never fit.",
                    "Remove one of the two.",
                )
            rules[pattern.casefold()] = primary
        if not rules:
            raise UserError(f"{path} holds no rules.", "Add lines such as: news.* = news")
        return cls(tuple(rules.items()), str(name))

    def primary(self, category: str) -> str | None:
        """The primary category by the first rule that matches, or None if none does.

        A category that no rule names and that is itself a primary one is kept.
        """
        category = category.casefold()
        for pattern, primary in self.rules:
            if fnmatchcase(category, pattern):
                return primary
        return next((name for _, name in self.rules if name.casefold() == category), None)
