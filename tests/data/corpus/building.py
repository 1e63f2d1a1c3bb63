"""Builds of small corpora with small blocks, in this process or in one that is killed."""

import os
import signal
from pathlib import Path

from kerastc import files
from kerastc.data.corpus import BuildSettings, Corpus, blocks, build
from kerastc.text.tokenizer import Tokenizer

BLOCK = 2000  # bytes
SHARD = 1500  # tokens


def small_build(
    out: Path, names: list[Path], tokenizer: Tokenizer, workers: int = 1, **given
) -> Corpus:
    """A build with several blocks and shards."""
    blocks.BLOCK = BLOCK
    settings = BuildSettings.of(**{"shard_tokens": SHARD, "similarity": 0.7} | given)
    return build(out, list(map(str, names)), tokenizer, settings, workers)


def killed_build(out: Path, names: list[Path], tokenizer: Tokenizer, written: int) -> int:
    """A build in a child that is killed when it is about to put one more file in its place.

    Returns:
        its status: 0 if it came to its end, -9 if it was killed.
    """
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    put, left = files._put, written

    def put_or_die(temporary: Path, target: Path) -> None:
        nonlocal left
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        put(temporary, target)

    files._put = put_or_die
    try:
        small_build(out, names, tokenizer)
        os._exit(0)
    finally:
        os._exit(1)


def contents(folder: Path) -> dict[str, bytes]:
    """All files of a corpus."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }
