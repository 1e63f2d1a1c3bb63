"""The folder of a corpus while it is built: what it is built of, and what is finished."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kerastc import files
from kerastc.data.corpus.layout import BUILDING, CORPUS_FORM, FILE
from kerastc.data.corpus.piece import Piece
from kerastc.data.corpus.settings import BuildSettings
from kerastc.data.corpus.sources import Source
from kerastc.errors import UserError
from kerastc.forms import COUNT, read_json
from kerastc.text.tokenizer import Tokenizer

LOCK = ".lock"
ANOTHER = "Name another folder, or remove this one."
COUNTS_FORM = {
    "read": {"bytes": COUNT, "documents": COUNT, "left_out": {str: COUNT}},
    "duplicates": {"exact": COUNT, "near": COUNT},
}
SETTINGS_FORM = {"settings": {str: object}, "changed": str}


class Site:
    """Where things are while a corpus is built.

    Args:
        folder: of the corpus.
    """

    def __init__(self, folder: Path):
        self.folder = Path(folder)
        building = self.folder / BUILDING
        self.pieces = building / "pieces"
        self.units = building / "units"
        self.keys = building / "keys"
        self.records = building / "shards"
        self.marks = building / "marks"  # of a build on Beam
        self.settings = building / "settings.json"
        self.counts = building / "counts.json"
        self.bits = building / "dropped.npy"
        self.plan = building / "plan.json"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keeps a second process out.

        Raises:
            UserError: one is at work on the folder.
        """

        def busy(pid: str) -> None:
            raise UserError(
                f"{self.folder} is being built by another process ({pid}).", "Wait for its end."
            )

        if self.folder.exists() and not self.folder.is_dir():
            raise UserError(f"{self.folder} is a file.", "Name a folder for the corpus.")
        if self.folder.is_dir() and not self._is_ours():
            raise UserError(
                f"{self.folder} is not empty, and is no corpus.",
                "Name a new folder for the corpus.",
            )
        files.make_folder(self.folder)
        with files.lock(self.folder / LOCK, busy):
            yield

    def _is_ours(self) -> bool:
        names = {path.name for path in self.folder.iterdir()}
        return names <= {LOCK} or FILE in names or BUILDING in names

    def begin(
        self, tokenizer: Tokenizer, settings: BuildSettings, sources: Sequence[Source]
    ) -> bool:
        """Notes what the corpus is built of; returns whether nothing was there.

        Raises:
            UserError: it was begun or finished with other settings, files or another tokenizer.
        """
        now = {
            "settings": settings.as_dict()
            | {
                "tokenizer": hashlib.sha256(tokenizer.content.encode()).hexdigest(),
                "files": _files(sources),
            },
            "changed": _digest([source.as_dict() for source in sources]),
        }
        if (self.folder / FILE).exists():
            record = read_json(self.folder / FILE, CORPUS_FORM)
            self._compare(record["settings"], now["settings"], "is a corpus that was built")
            return False
        if not self.settings.exists():
            files.write_json(self.settings, now)
            return True
        files.remove_leftovers(self.folder)
        known = read_json(self.settings, SETTINGS_FORM)
        self._compare(known["settings"], now["settings"], "is an unfinished corpus that was begun")
        if known["changed"] != now["changed"]:
            raise UserError(
                f"A file of {self.folder} has changed since the corpus was begun.", ANOTHER
            )
        return False

    def _compare(self, known: dict[str, Any], now: dict[str, Any], what: str) -> None:
        for name, value in now.items():
            if known.get(name) == value:
                continue
            if name == "tokenizer":
                raise UserError(f"{self.folder} {what} with another tokenizer.", ANOTHER)
            if name == "files":
                raise UserError(f"{self.folder} {what} from other files.", ANOTHER)
            raise UserError(
                f"{self.folder} {what} with {name}={_shown(known.get(name))}, not with "
                f"{_shown(value)}.",
                ANOTHER,
            )

    def described(self) -> dict[str, Any]:
        """The settings, for corpus.json."""
        return read_json(self.settings, SETTINGS_FORM)["settings"]

    def piece(self, name: str) -> Piece:
        """The piece of a block."""
        return Piece(self.pieces / f"{name}.npz")

    def all_pieces(self) -> list[Piece]:
        """The pieces in the order of the text."""
        return [Piece(path) for path in sorted(self.pieces.glob("[0-9]*.npz"))]

    def read_counts(self) -> dict[str, Any]:
        """What was read and left out."""
        return read_json(self.counts, COUNTS_FORM)

    def clear(self) -> None:
        """Removes what was needed on the way."""
        building = self.folder / BUILDING
        if building.is_dir():
            files.remove_leftovers(building)
            kinds = (
                "pieces/*.npz",
                "units/*.json",
                "keys/*.keys",
                "shards/*.json",
                "shards/*.npy",
                "marks/*.json",
            )
            named = (self.settings, self.counts, self.bits, self.plan)
            files.remove_known(building, *kinds, *(path.name for path in named))

    def take_back(self) -> None:
        """Removes what was made of a corpus that cannot be built."""
        self.clear()
        files.take_back(self.folder)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value)) or "none"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)


def _files(sources: Sequence[Source]) -> dict[str, Any]:
    told = [[source.path, source.size] for source in sources]
    return {
        "count": len(told),
        "bytes": sum(size for _, size in told),
        "first": told[0][0],
        "sha256": _digest(told),
    }


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()
