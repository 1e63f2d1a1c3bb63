"""Weights installed by pip: finds them, and checks that they are those published."""

import hashlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kerastc.errors import UserError


@dataclass(frozen=True)
class Packaged:
    """A package whose data is read and whose code is not run.

    Args:
        name: of the encoder.
        module: the package, as it would be imported.
        inside: the folder in it with the files.
        install: the command that installs it.
        sha256: of each file that is read.
    """

    name: str
    module: str
    inside: str
    install: str
    sha256: Mapping[str, str]

    def folder(self) -> Path:
        """The folder of its files.

        Raises:
            UserError: the package is not installed.
        """
        spec = importlib.util.find_spec(self.module)
        if spec is None or not spec.submodule_search_locations:
            raise UserError(
                f"The weights of the encoder {self.name!r} are not installed.",
                f"Install them: {self.install}",
            )
        return Path(spec.submodule_search_locations[0]) / self.inside

    def verify(self, folder: Path) -> None:
        """Checks the files of a folder against those that were published.

        Raises:
            UserError: a file is missing or has another SHA-256.
        """
        again = f"Reinstall it: {self.install.replace('install', 'install --force-reinstall')}"
        for name, expected in self.sha256.items():
            path = folder / name
            try:
                with path.open("rb") as file:
                    found = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError as error:
                raise UserError(f"Cannot read {path}: {error.strerror}.", again) from error
            if found != expected:
                raise UserError(
                    f"{path} is damaged: its SHA-256 is {found}, expected {expected}.", again
                )

    def verified(self) -> Path:
        """The folder, its files checked; raises as `folder` and `verify`."""
        folder = self.folder()
        self.verify(folder)
        return folder
