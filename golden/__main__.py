"""The command: python -m golden --base COMMIT"""

import argparse
import hashlib
import importlib.metadata
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from golden import comparing, running, trees, values
from golden.moves import Names
from golden.steps import SAME_RUNS, STEPS, Step, chosen

ROOT = Path(__file__).parents[1]
# All that is compared.
KEPT_PARTS = ("runs", running.PRINTED, running.PLACE, values.FILE)


def main(
    words: Sequence[str] | None = None,
    root: Path = ROOT,
    steps: Sequence[Step] = STEPS,
    same_runs: Sequence[tuple[str, str]] = SAME_RUNS,
) -> int:
    """Runs both sides and prints what differs.

    Args:
        words: of the command line.
        root: of the checkout.
        steps: see `golden.steps`.
        same_runs: likewise.

    Returns:
        the exit status: 1 where anything differs or fails, 2 for an unknown commit.
    """
    given = _arguments(words)
    try:
        base, now = trees.of_commit(root, given.base), trees.working_tree(root)
        clean = now == trees.of_commit(root, "HEAD")
    except trees.GitError as error:
        print(error, file=sys.stderr)
        return 2
    there = trees.paths(root, base)
    steps = [step for step in chosen(given.only, steps) if not step.since or step.since in there]
    if not steps:
        print(f"No step is called {given.only!r}.", file=sys.stderr)
        return 2
    given.cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="golden-", dir=given.cache) as folder:
        kept = before = _kept(given.cache, base, steps)
        if not kept.is_dir():
            before = _run(root, base, Path(folder, "base"), steps, given.jobs)
            _keep(before, kept)
        side = _run(root, now, Path(folder, "now"), steps, given.jobs)
        read = [_read(before, root, base), _read(side, root, now)]
        if clean:
            _keep(side, _kept(given.cache, now, steps))
    found = comparing.compare(*read)
    print(comparing.table(found))
    made = {comparing.group(file) for file in read[1]}
    same_runs = [runs for runs in same_runs if made.issuperset(runs)]
    resumed = [_again(read[1], *runs) for runs in same_runs]
    for comparison, (whole, again) in zip(resumed, same_runs, strict=True):
        told = comparing.table(comparison) if comparison.differences else "equal"
        print(f"\n{again} against {whole}: {told}")
    failed = sorted(file for file in read[1] if file.startswith(running.FAILED))
    if failed:
        print("\nFailed now:", *failed, sep="\n    ")
    differing = sum(len(comparison.differences) for comparison in (found, *resumed))
    total = sum(found.counts.values())
    print(f"\n{differing:,} differences in {total:,} values; {len(failed)} steps failed.")
    return int(bool(differing or failed))


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    parser = argparse.ArgumentParser(prog="python -m golden", description=__doc__)
    parser.add_argument("--base", required=True, metavar="COMMIT", help="what is compared with")
    parser.add_argument(
        "--only",
        default="",
        metavar="REGEX",
        help="steps of these names, and what they wait for: 'text|headlines'",
    )
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time; 2")
    parser.add_argument(
        "--cache",
        type=Path,
        default=caches / "kerastc-golden",
        help="where the results of commits are kept; %(default)s",
    )
    return parser.parse_args(words)


def _run(root: Path, tree: str, folder: Path, steps: Sequence[Step], jobs: int) -> Path:
    """What the steps leave that are run from a tree of git: a folder in `folder`, which is made."""
    folder.mkdir()
    trees.unpack(root, tree, folder / "tree")
    began = time.monotonic()

    def told(line: str) -> None:
        print(f"{folder.name}: {line}", file=sys.stderr, flush=True)

    names = Names.of(trees.paths(root, tree))
    running.run(folder / "tree", folder / "side", names, steps, jobs, told)
    told(f"{len(steps)} steps took {time.monotonic() - began:.0f} s")
    return folder / "side"


def _read(side: Path, root: Path, tree: str) -> values.Values:
    return values.read(side, Names.of(trees.paths(root, tree)))


def _again(found: values.Values, whole: str, again: str) -> comparing.Comparison:
    """A run that was killed and resumed, compared with the one that was not."""
    sides = [
        {f.removeprefix(run): found[f] for f in found if f.startswith(f"{run}/")}
        for run in (whole, again)
    ]
    # What later steps add to the first is not in the second.
    common = (sides[0].keys() & sides[1].keys()) | {"/history.csv", "/metrics.json"}
    return comparing.compare(*({f: v for f, v in side.items() if f in common} for side in sides))


def _kept(cache: Path, tree: str, steps: Sequence[Step]) -> Path:
    """Where the results of a tree are, as this machine, these packages and steps give them."""
    digest = hashlib.sha256(repr(steps).encode())
    for name in ("made_data.py", "moves.py", "running.py", "exported.py"):
        digest.update(Path(__file__).with_name(name).read_bytes())
    packages = sorted({f"{d.name} {d.version}" for d in importlib.metadata.distributions()})
    digest.update("\n".join([*packages, platform.python_version(), _processor()]).encode())
    return cache / f"{tree[:12]}-{digest.hexdigest()[:12]}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    return "\n".join(sorted({line for line in lines if line.startswith(("model name", "flags"))}))


def _keep(side: Path, place: Path) -> None:
    """Copies what is compared to its place in the cache, but for a side where a step failed."""
    if any((side / running.FAILED).iterdir()):
        return
    with tempfile.TemporaryDirectory(prefix="golden-", dir=place.parent) as folder:
        copy = Path(folder, "side")
        copy.mkdir()
        for name in KEPT_PARTS:
            if (side / name).is_dir():
                shutil.copytree(side / name, copy / name)
            elif (side / name).exists():
                shutil.copy(side / name, copy)
        if not place.exists():  # another process may have been faster
            copy.rename(place)


if __name__ == "__main__":
    sys.exit(main())
