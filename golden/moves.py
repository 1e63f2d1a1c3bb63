"""What bears another name in an older commit: the steps are in today's words.

Whoever renames a recipe, a setting, a step of compression, a file of a run or a key in it adds a
`Move` here, so that the figures of before and after are still compared.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Move:
    """A renaming; today's name to the one it had.

    Args:
        before: a file that only commits before it have, relative to the checkout.
        words: of command lines, whole words: {"sweep --study cifar100": "sweep cifar100"}.
        files: parts of the paths of what is compared: {"scores.json": "metrics.json"}.
        keys: parts of keys in files, between dots: {"rows": "examples"}.
        entries: last parts of keys with their values: {"task=image-classification": "kind=image"}.
        texts: in texts, anywhere: {"recipe=supervised": "method=supervised"}.
    """

    before: str
    words: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    entries: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)


MOVES: tuple[Move, ...] = (
    # Shares of rows of their own; the last commits before the move of this file have today's words.
    Move(
        before="kerastc/report/tables.py",
        words={"validation_fraction=0.15": "validation=0.15", "test_fraction=0.2": "test=0.2"},
    ),
    # What was the kind of a run is its task.
    Move(
        before="kerastc/kinds.py",
        entries={
            "task=text-classification": "kind=text",
            "task=image-classification": "kind=image",
        },
    ),
    # The study was a recipe of all methods; its trials are runs of the methods' own recipes now.
    Move(
        before="recipes/cifar100.py",
        words={
            "sweep --study cifar100": "sweep cifar100",
            "recipe=supervised,autoencoder": "method=supervised,autoencoder",
            "--name golden": "--study golden",
        },
        files={
            "000-recipe=supervised": "000-method=supervised",
            "001-recipe=autoencoder": "001-method=autoencoder",
        },
        texts={
            # The command that repeats a trial says what the study tells it.
            "kerastc train autoencoder epochs=2 batch_size=32 weight_decay=0.2 width=0.25"
            " augmentation.cutout=0.0 mixup=0.4 cutmix=0.5 least_images=80": "kerastc train"
            " cifar100 data=digits method=autoencoder epochs=2 batch_size=32 width=0.25"
            " least_images=80",
            "recipe=supervised": "method=supervised",
            "recipe=autoencoder": "method=autoencoder",
        },
    ),
)


@dataclass(frozen=True)
class Names:
    """The names that one tree has, against today's."""

    moves: Sequence[Move] = ()

    @classmethod
    def of(cls, paths: Collection[str], moves: Sequence[Move] = MOVES) -> "Names":
        """Those of a tree of these files."""
        return cls([move for move in moves if move.before in paths])

    def line(self, line: str) -> str:
        """A command line of today in the tree's words."""
        for move in reversed(self.moves):  # the last one first: from today back
            for now, then in move.words.items():
                line = re.sub(rf"(?<!\S){re.escape(now)}(?!\S)", then, line)
        return line

    def file(self, path: str) -> str:
        """Today's path of a file of the tree."""
        for move in self.moves:
            for now, then in move.files.items():
                path = re.sub(rf"(?<![^/]){re.escape(then)}(?![^/])", now, path)
        return path

    def file_then(self, path: str) -> str:
        """The tree's path of a file of today."""
        for move in reversed(self.moves):
            for now, then in move.files.items():
                path = re.sub(rf"(?<![^/]){re.escape(now)}(?![^/])", then, path)
        return path

    def entry(self, key: str, value: Any) -> tuple[str, Any]:
        """Today's name of a key of the tree, and its value in today's words."""
        for move in self.moves:
            for now, then in move.entries.items():
                name, _, word = then.partition("=")
                last = re.search(rf"(?<![^. ]){re.escape(name)}$", key)
                if last and isinstance(value, str) and value == word:
                    today, _, value = now.partition("=")
                    key = key.removesuffix(name) + today
        return self.key(key), self.text(value) if isinstance(value, str) else value

    def key(self, key: str) -> str:
        """Today's name of a key of the tree."""
        for move in self.moves:
            for now, then in move.keys.items():
                key = re.sub(rf"(?<![^. ]){re.escape(then)}(?![^.\[])", now, key)
        return key

    def text(self, text: str) -> str:
        """A text of the tree in today's words."""
        for move in self.moves:
            for now, then in move.texts.items():
                text = text.replace(then, now)
        return text
