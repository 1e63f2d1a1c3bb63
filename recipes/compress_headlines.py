"""Compress a headline classifier: the 2023 study, and ours.

    kerastc train compress-headlines parent=runs/headlines/20261121-101500

The study distilled, pruned a fifth by magnitude and cut to ranks 30 to 100: all files stayed at
255.5 MB, pruning brought no speed, and the cut models were at chance (0.147). Here each child
is its own run under PARENT/compressed, exported to LiteRT, timed on one thread and compared on
the same test rows. A stopped recipe resumes; existing children are used.

Data: a finished headlines run.

Cost: about 2 hours for 118,738 training headlines on 2 cores, 3 GB; nearly all of it is training.

Expect: the figures are in docs/studies/compression.md.
"""

from pathlib import Path

from kerastc import compress, deploy, report
from kerastc.run import Run
from kerastc.settings import Config as Settings
from kerastc.settings import Location

SOURCE = (
    "distill:layers=3,temperature=1,epochs=3",
    "prune:0.2,epochs=0",
    "low-rank:rank=30",
    "low-rank:rank=50",
    "low-rank:rank=75",
    "low-rank:rank=100",
)
OURS = (
    "quantize:int8",
    "low-rank:rank=30 recover:epochs=3,learning_rate=2e-4",
    "prune:0.8,epochs=3 recover:epochs=1,learning_rate=2e-4,augment=1",
    "vocabulary:min_count=2"
    " structured:neurons=0.6,heads=0.5,layers=1,epochs=3,learning_rate=3e-4,augment=1",
)
LAST = ("quantize:int8", "quantize:int4-tables")  # each a child of our last model


class Config(Settings):
    """The run to compress."""

    parent: Location  # the folder of a finished run of the headlines recipe, or of any text recipe
    data: str = ""  # where the parent's data are now; empty if they did not move


def run(config: Config, run) -> None:
    parent = Run.open(Path(config.parent), run.cache)
    run.write_json("data.json", parent.read_json("data.json"))
    children = [compress.compressed(parent, words, config.data) for words in (*SOURCE, *OURS)]
    children += [compress.compressed(children[-1], words, config.data) for words in LAST]
    deploy.export_and_benchmark([parent, *children])
    account = report.account([parent.folder])
    account.to_html(run.path("report.html"))
    run.write_text("account.csv", account.to_csv())
    report.write_report(parent.folder)
    account.print()
