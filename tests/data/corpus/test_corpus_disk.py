"""A disk that fills in the middle of a build: nothing is half written, and the build goes on."""

import errno
from pathlib import Path

import numpy as np
import pytest
from building import contents, small_build
from test_disk import mount, small_disk  # noqa: F401

from kerastc.data.corpus import Corpus, blocks
from kerastc.errors import UserError
from kerastc.text.tokenizer import Tokenizer

WORDS = ["la", "casa", "grande", "de", "pino", "y", "el", "gato", "negro", "duerme", "un", "sol"]


@pytest.mark.parametrize("size", [60, 120, 200])  # KiB: in the pieces, the keys, the shards
def test_a_full_disk_leaves_nothing_half_written(
    small_disk: Path,  # noqa: F811
    tmp_path: Path,
    tokenizer: Tokenizer,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
):
    monkeypatch.setattr(blocks, "BLOCK", blocks.BLOCK)
    assert mount(small_disk, f"remount,size={size}k")
    random = np.random.default_rng(1)
    lines = (" ".join(random.choice(WORDS, random.integers(9, 40))) for _ in range(600))
    (tmp_path / "a.txt").write_text("\n".join(lines))
    out = small_disk / "out"
    with pytest.raises(OSError) as full:
        small_build(out, [tmp_path / "a.txt"], tokenizer)
    assert full.value.errno == errno.ENOSPC
    assert not list(out.rglob(".writing-*"))
    with pytest.raises(UserError, match="unfinished"):
        Corpus.open(out)
    assert mount(small_disk, "remount,size=64m")
    small_build(out, [tmp_path / "a.txt"], tokenizer)
    small_build(tmp_path / "whole", [tmp_path / "a.txt"], tokenizer)
    assert contents(out) == contents(tmp_path / "whole")
