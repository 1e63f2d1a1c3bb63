"""A run and its compressed children as files, measured side by side."""

from collections.abc import Sequence

from kerastc.deploy.convert.export import export
from kerastc.deploy.convert.request import FILES, FOLDER
from kerastc.deploy.measure.benchmark import benchmark
from kerastc.run import Run


def export_and_benchmark(runs: Sequence[Run], threads: Sequence[int] = (1,)) -> None:
    """Writes a LiteRT file for each run that lacks one, then times all files in turns.

    Args:
        runs: with a final model; each gets its exports/ and benchmark.json.
        threads: each file is measured with each of these numbers.
    """
    for run in runs:
        if not run.path(FOLDER, FILES["litert"]).is_file():
            export(run, "litert")
    benchmark([run.path(FOLDER, FILES["litert"]) for run in runs], threads=threads)
