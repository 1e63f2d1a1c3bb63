"""The same corpus on Apache Beam's local runner, in several processes of its own.

Slow, and skipped where Beam is not installed: its pins and ours differ. In an environment of its
own: pip install 'kerastc[beam]' pytest hypothesis, and pytest -m slow on this file.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from building import contents

from kerastc.data.corpus import BuildSettings, build
from kerastc.errors import UserError
from kerastc.text.tokenizer import Tokenizer

pytest.importorskip("apache_beam")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # Beam's own
]
WORDS = ["la", "casa", "grande", "de", "pino", "y", "el", "gato", "negro", "duerme", "un", "sol"]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    random = np.random.default_rng(6)
    lines = [" ".join(random.choice(WORDS, random.integers(200, 400))) for _ in range(6000)]
    near = [f"{line} sol" for line in lines[:2000:50]]
    (tmp_path / "a.txt").write_text("\n".join([*lines[:4500], "", "1 2 3 4"]))
    rows = (json.dumps({"text": text}) for text in [*near, *lines[1000:1100]])
    (tmp_path / "b.jsonl").write_text("\n".join(rows))
    (tmp_path / "c.txt").write_text("\n".join(lines[4500:]))
    return [tmp_path / name for name in ("a.txt", "b.jsonl", "c.txt")]


@pytest.mark.parametrize("duplicates", ["near", "keep"])
def test_beam_writes_the_same_bytes(
    tmp_path: Path, files: list[Path], tokenizer: Tokenizer, duplicates: str
):
    from kerastc.data.corpus.beam import build_on_beam

    settings = BuildSettings.of(shard_tokens=10**6, duplicates=duplicates)
    names = list(map(str, files))
    ours = build(tmp_path / "ours", names, tokenizer, settings)
    assert len(ours.shards) > 1
    assert duplicates == "keep" or ours.record["report"]["duplicates"] == {"exact": 100, "near": 40}
    theirs = build_on_beam(tmp_path / "beam", names, tokenizer, settings, workers=2)
    assert contents(theirs.folder) == contents(ours.folder)


def test_a_damaged_line_is_told_as_without_beam(tmp_path: Path, tokenizer: Tokenizer):
    from kerastc.data.corpus.beam import build_on_beam

    (tmp_path / "a.jsonl").write_text('{"text": "la casa grande"}\n{"te')
    with pytest.raises(UserError, match=r"a.jsonl, line 2: not valid JSON"):
        build_on_beam(
            tmp_path / "c", [str(tmp_path / "a.jsonl")], tokenizer, BuildSettings.of(), workers=2
        )
    assert not (tmp_path / "c").exists()
