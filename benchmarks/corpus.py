"""Building a corpus: tokens a second and memory, against `datasets.map` with the same tokenizer.

    python -m benchmarks.corpus recombine big.txt novels.txt.gz help.txt.gz --bytes 2e9
    python -m benchmarks.corpus compare big.txt --tokenizer e5 --peer python
    python -m benchmarks.corpus curve big.txt --tokenizer e5 --bytes 0.25e9,0.5e9,1e9,2e9

`compare`: our whole command, from start to end, against the peer's `map` alone; once with nothing
left out, as the peer does, and once with all rules and both kinds of duplicates. The peer has its
best choices: `batched`, ids alone, one process a core, its columns removed. Memory is that of the
whole tree of processes, pages shared between them counted once (PSS), four times a second.
"""

import gzip
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np

from kerastc.errors import UserError
from kerastc.table import show_table

PEER = Path(__file__).with_name("corpus_peer.py")
EVERY = 0.25  # seconds between two looks at the memory
TARGET, MEMORY = 1.5, 0.1
CORES = len(os.sched_getaffinity(0))


@dataclass(frozen=True)
class Measured:
    """What a command took.

    Args:
        seconds: wall time.
        peak: bytes of its tree of processes.
        output: of the command.
    """

    seconds: float
    peak: int
    output: str


def measured(command: list[str]) -> Measured:
    """Runs a command to its end.

    Raises:
        UserError: it fails; with its last lines.
    """
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    peak = 0
    while process.poll() is None:
        peak = max(peak, sum(map(_pss, _tree(process.pid))))
        time.sleep(EVERY)
    seconds = time.perf_counter() - began
    output = process.stdout.read()
    if process.returncode:
        raise UserError(f"{' '.join(command[:5])} … failed:", output[-2000:])
    return Measured(seconds, peak, output)


def _tree(pid: int) -> Iterator[int]:
    yield pid
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _tree(int(child))
    except OSError:  # it has ended
        return


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def ours(text: Path, out: Path, tokenizer: str, *options: str) -> tuple[Measured, dict]:
    """Builds a corpus anew; what it took, and corpus.json."""
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "kerastc", "corpus", "build", str(out), str(text)]
    cost = measured([*command, "--tokenizer", tokenizer, "--workers", str(CORES), *options])
    return cost, json.loads((out / "corpus.json").read_text())


@click.group()
def main() -> None:
    """Measure `kerastc corpus build`."""


@main.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--bytes", "size", type=float, default=2e9, show_default=True)
@click.option("--seed", default=0, show_default=True)
def recombine(out: Path, sources: tuple[Path, ...], size: float, seed: int) -> None:
    """Write OUT, lines that are the first half of one and the second half of another of SOURCES."""
    if out.exists():
        raise UserError(f"{out} is there already.", "Name a new file.")
    lines: list[list[str]] = []
    for source in sources:
        opened = gzip.open if source.suffix == ".gz" else open
        with opened(source, "rt", encoding="utf-8") as file:
            lines += [words for line in file if len(words := line.split()) > 5]
    random = np.random.default_rng(seed)
    written = 0
    with out.open("w", encoding="utf-8") as file:
        while written < size:
            for a, b in random.integers(0, len(lines), (100_000, 2)).tolist():
                first, second = lines[a], lines[b]
                line = " ".join([*first[: len(first) // 2], *second[len(second) // 2 :]])
                written += file.write(line + "\n")
                if written >= size:
                    break


@main.command()
@click.argument("text", type=click.Path(path_type=Path, exists=True))
@click.option("--tokenizer", default="minilm", show_default=True)
@click.option("--peer", default=sys.executable, help="A Python with datasets and transformers.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs", "bench", "corpus"))
def compare(text: Path, tokenizer: str, peer: str, out: Path) -> None:
    """Compare with `datasets.map` on TEXT."""
    plain, record = ours(text, out / "plain", tokenizer, "--keep", "all", "--duplicates", "keep")
    whole, cleaned = ours(text, out / "whole", tokenizer)
    cache = out / "datasets"
    shutil.rmtree(cache, ignore_errors=True)
    file = out / "plain" / "tokenizer" / "tokenizer.json"
    theirs = measured([peer, str(PEER), str(text), str(file), str(cache), str(CORES)])
    told = json.loads(theirs.output.strip().splitlines()[-1])
    if told["tokens"] != record["tokens"]:
        raise UserError(f"The peer has {told['tokens']} tokens, we {record['tokens']}.")
    speeds = record["tokens"] / plain.seconds, told["tokens"] / told["seconds"]
    documents = cleaned["report"]["documents"]
    rows = [
        ("kerastc, nothing left out", f"{speeds[0]:,.0f}", _mib(plain.peak)),
        ("kerastc, cleaned, no duplicates", f"{record['tokens'] / whole.seconds:,.0f}",
         _mib(whole.peak)),
        ("datasets.map", f"{speeds[1]:,.0f}", _mib(theirs.peak)),
    ]  # fmt: skip
    show_table(("way", "tokens read a second", "peak memory, MiB"), rows, f"{documents:,} lines")
    click.echo(f"{speeds[0] / speeds[1]:.2f} times as fast (target {TARGET})")
    click.echo(f"{plain.peak / theirs.peak:.2f} of the memory (target {MEMORY})")
    found = {"ours": asdict(plain), "whole": asdict(whole), "peer": asdict(theirs), "told": told}
    (out / "results.json").write_text(json.dumps(found | {"report": cleaned["report"]}, indent=2))


@main.command()
@click.argument("text", type=click.Path(path_type=Path, exists=True))
@click.option("--tokenizer", default="minilm", show_default=True)
@click.option("--bytes", "sizes", default="0.25e9,0.5e9,1e9,2e9", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs", "bench", "corpus"))
def curve(text: Path, tokenizer: str, sizes: str, out: Path) -> None:
    """Show the peak memory by the size of the text: the first bytes of TEXT."""
    rows = []
    for size in map(float, sizes.split(",")):
        part = out / "part.txt"
        part.parent.mkdir(parents=True, exist_ok=True)
        with text.open("rb") as source, part.open("wb") as target:
            left = int(size)
            while piece := source.read(min(2**24, left)):
                left -= target.write(piece)
        cost, record = ours(part, out / "curve", tokenizer)
        report = record["report"]
        rows.append(
            (f"{size / 1e9:g} GB", f"{report['documents']:,}", f"{record['tokens']:,}",
             f"{cost.seconds:,.0f}", _mib(cost.peak))
        )  # fmt: skip
        part.unlink()
    show_table(("text", "lines", "tokens", "seconds", "peak memory, MiB"), rows)


def _mib(size: int) -> str:
    return f"{size / 2**20:,.0f}"


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(str(error))
