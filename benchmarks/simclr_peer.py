"""SimCLR's pretraining here and in lightly: python -m benchmarks.simclr_peer

Both sides have the same network, images, batches, views (crops, mirror images, colour jitter of
strength 0.5, grey) and loss, AdamW and all cores, each in a process of its own, in turns. lightly's
part are transforms, loss and projection head; the loop around them is the usual one of PyTorch:
images as `torchvision.datasets.CIFAR100` gives them, worker processes, channels last, fused AdamW.
Ours is `fit_unlabelled`, as `kerastc train simclr` calls it. The first steps, which compile, do not
count. A batch of up to 256 images is encoded whole on both sides; --batch 1024 shows what chunks
cost and save.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import click
import numpy as np

from benchmarks.contest import ENVIRONMENT
from benchmarks.measure import measured
from benchmarks.packages import need, versions

TARGET = 1.2  # times lightly's images a second
SIDES = ("kerastc", "lightly")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--batch", "batches", multiple=True, default=(256,), show_default=True)
@click.option("--steps", default=6, show_default=True, help="That count; as many go before.")
@click.option("--rounds", default=2, show_default=True, help="Turns of both; the best one counts.")
@click.option("--workers", default=1, show_default=True, help="Of lightly's side.")
@click.option("--side", type=click.Choice(SIDES), hidden=True)
@click.option("--result", type=click.Path(path_type=Path), hidden=True)
def main(batches, steps, rounds, workers, side, result) -> None:
    """Print images a second and peak memory of both sides for each size of batch."""
    need(("torch", "lightly"))
    if side:
        speed = {"kerastc": _ours, "lightly": _peer}[side](batches[0], steps, workers)
        result.write_text(json.dumps(speed))
        return
    click.echo(json.dumps(versions(["kerastc", "keras", "tensorflow", "torch", "lightly"])))
    for batch in batches:
        words = ["--batch", str(batch), "--steps", str(steps), "--workers", str(workers)]
        with tempfile.TemporaryDirectory() as folder:
            found = {name: [] for name in SIDES}
            for _ in range(rounds):
                for name in SIDES:
                    found[name].append(_process(name, words, Path(folder)))
        best = {name: max(speed for speed, _ in turns) for name, turns in found.items()}
        for name, turns in found.items():
            memory = max(memory for _, memory in turns) / 2**20
            click.echo(f"batch {batch:5}  {name:8}{best[name]:8.1f} images/s {memory:8,.0f} MiB")
        ratio = best["kerastc"] / best["lightly"]
        click.echo(f"batch {batch:5}  {ratio:.2f} times as fast; wanted: {TARGET}")


def _process(side: str, words: list[str], folder: Path) -> tuple[float, int]:
    """Images a second, and the peak memory of a side's process in bytes."""
    result = folder / "result.json"
    command = [sys.executable, "-m", "benchmarks.simclr_peer", *words]
    command += ["--side", side, "--result", str(result)]
    cost = measured(command, ENVIRONMENT, folder / "log.txt")
    return json.loads(result.read_text()), cost.peak_memory_bytes


def _images(batch: int, steps: int) -> np.ndarray:
    """As many as two stretches of steps take, (n, 32, 32, 3) uint8."""
    return np.random.default_rng(0).integers(0, 256, (batch * 2 * steps, 32, 32, 3), np.uint8)


def _ours(batch: int, steps: int, workers: int) -> float:
    """Images a second of the second half of an epoch."""
    import csv

    from kerastc.methods import SimclrConfig
    from kerastc.methods.contrastive import PairBatches, projector_of
    from kerastc.methods.simclr import Contrast
    from kerastc.models import image_classifier
    from kerastc.run import Run
    from kerastc.training.pretraining import fit_unlabelled

    images = _images(batch, steps)
    config = SimclrConfig(epochs=1, batch_size=batch, evaluate_every=steps, learning_rate=1e-3)
    batches = PairBatches(images, batch, config.at_once, config.view(images), config.seed)
    projector = projector_of(image_classifier((32, 32, 3), 100), config.projection, config.seed)
    with tempfile.TemporaryDirectory() as folder:
        run = Run.create(Path(folder, "run"), {"recipe": "simclr"})
        learner = Contrast(projector, config.temperature, batches.chunks)
        fit_unlabelled(learner, batches, config, run)
        with run.path("history.csv").open() as file:
            return float(list(csv.DictReader(file))[-1]["examples_per_second"])


def _peer(batch: int, steps: int, workers: int) -> float:
    """The same of lightly's parts in PyTorch's usual loop."""
    import torch
    from lightly.loss import NTXentLoss
    from lightly.models.modules import SimCLRProjectionHead
    from lightly.transforms import SimCLRTransform
    from PIL import Image

    from benchmarks.torch_residual import WIDTHS, Residual

    images = _images(batch, steps)
    views = SimCLRTransform(
        input_size=32,
        cj_strength=0.5,
        gaussian_blur=0.0,
        normalize={"mean": [0, 0, 0], "std": [1 / 255] * 3},  # pixels from 0 to 255, as ours
    )

    class Pairs(torch.utils.data.Dataset):
        def __len__(self):
            return len(images)

        def __getitem__(self, row):
            return views(Image.fromarray(images[row]))

    loader = torch.utils.data.DataLoader(
        Pairs(), batch, shuffle=True, drop_last=True, num_workers=workers
    )
    width = WIDTHS[-1]
    model = torch.nn.Sequential(Residual(), SimCLRProjectionHead(width, width, 128))
    model = model.to(memory_format=torch.channels_last)
    loss = NTXentLoss(temperature=0.5)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3, weight_decay=0.05, fused=True)
    for step, (first, second) in enumerate(loader):
        if step == steps:
            began = time.perf_counter()
        both = torch.cat([first, second]).to(memory_format=torch.channels_last)
        optimizer.zero_grad()
        value = loss(*model(both).chunk(2))
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return batch * steps / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
