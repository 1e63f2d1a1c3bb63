"""Trees of commits and of what is in work, unpacked; nothing stays registered in git."""

import io
import os
import subprocess
import tarfile
import tempfile
from pathlib import Path


class GitError(Exception):
    """What git says."""


def of_commit(root: Path, name: str) -> str:
    """The hash of a commit's tree.

    Raises:
        GitError: where there is no commit of that name.
    """
    return _git(root, "rev-parse", "--verify", "--quiet", f"{name}^{{tree}}", what=name)


def paths(root: Path, tree: str) -> frozenset[str]:
    """The files of a tree."""
    return frozenset(_git(root, "ls-tree", "-r", "--name-only", tree).splitlines())


def working_tree(root: Path) -> str:
    """The tree of what stands in the checkout now: changed and new files too, ignored ones not."""
    with tempfile.TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
        _git(root, "read-tree", "HEAD", **index)
        _git(root, "add", "--all", **index)
        return _git(root, "write-tree", **index)


def unpack(root: Path, tree: str, folder: Path) -> None:
    """Writes the files of a tree to a new folder."""
    folder.mkdir()
    archive = subprocess.run(
        ["git", "-C", str(root), "archive", "--format=tar", tree], capture_output=True, check=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")


def _git(root: Path, *words: str, what: str = "", **environment: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(root), *words],
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        said = done.stderr.strip() or f"there is no commit {what!r}"
        raise GitError(f"git {words[0]}: {said}")
    return done.stdout.strip()
