"""Training of an image classifier here and in PyTorch: python -m benchmarks.image_training FILE.npz

Both sides have the same network, images, batches of 128, mixup, cross-entropy and AdamW with
clipping, and all cores, each in a process of its own, in turns. PyTorch has what its user has for
nothing: channels last, fused AdamW, and kerastc's augmentation of whole batches in a worker process
(a loop over images in torchvision would cost more). Ours is `kerastc train supervised`. An epoch is
timed without its validation; the first one, which compiles, does not count.
"""

import csv
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

TARGET = 1.2  # times PyTorch's images a second
SIDES = ("kerastc", "torch")
PRECISIONS = ("float32", "mixed_bfloat16")
BATCH, CLASSES, RATE, DECAY, MIXING, SMOOTHING = 128, 100, 4e-3, 0.05, 0.4, 0.05


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("file", type=click.Path(path_type=Path, exists=True, resolve_path=True))
@click.option("--images", default=4000, show_default=True, help="Labelled ones: an epoch.")
@click.option("--epochs", default=3, show_default=True, help="The first does not count.")
@click.option("--rounds", default=2, show_default=True, help="Turns of both; the best one counts.")
@click.option(
    "--precision",
    type=click.Choice(PRECISIONS),
    default="float32",
    show_default=True,
    help="Of both sides; PyTorch's bfloat16 is its autocast.",
)
@click.option("--side", type=click.Choice(SIDES[1:]), hidden=True)
@click.option("--result", type=click.Path(path_type=Path), hidden=True)
def main(file, images, epochs, rounds, precision, side, result) -> None:
    """Print images a second of training and peak memory of both sides."""
    need(("torch",))
    if side:
        result.write_text(json.dumps(_peer(file, images, epochs, precision)))
        return
    click.echo(json.dumps(versions(["kerastc", "keras", "tensorflow", "torch", "numpy"])))
    found = {name: [] for name in SIDES}
    for _ in range(rounds):
        for name in SIDES:
            with tempfile.TemporaryDirectory() as folder:
                found[name].append(_turn(name, file, images, epochs, precision, Path(folder)))
    for name, turns in found.items():
        speed, memory = max(turns)
        click.echo(f"{name:8}{speed:8.1f} images/s {memory / 2**20:8,.0f} MiB")
    ratio = max(found["kerastc"])[0] / max(found["torch"])[0]
    click.echo(f"{ratio:.2f} times as fast; wanted: {TARGET}")
    sys.exit(ratio < TARGET)


def _turn(
    side: str, file: Path, images: int, epochs: int, precision: str, folder: Path
) -> tuple[float, int]:
    """Images a second, and the peak memory of a side's process in bytes."""
    if side == "torch":
        result = folder / "result.json"
        words = ["--images", str(images), "--epochs", str(epochs), "--precision", precision]
        words += ["--side", side]
        command = [sys.executable, "-m", "benchmarks.image_training", str(file), *words]
        cost = measured([*command, "--result", str(result)], ENVIRONMENT, folder / "log.txt")
        return json.loads(result.read_text()), cost.peak_memory_bytes
    words = [f"data={file}", f"labelled={images}", "unlabelled=0", f"epochs={epochs}"]
    words += [
        f"precision={precision}",
        f"mixup={MIXING}",
        f"learning_rate={RATE}",
        f"weight_decay={DECAY}",
    ]
    command = [sys.executable, "-m", "kerastc", "train", "supervised", *words]
    run = folder / "run"
    cost = measured([*command, "--run", str(run)], ENVIRONMENT, folder / "log.txt")
    with (run / "history.csv").open() as history:
        speeds = [float(row["examples_per_second"]) for row in csv.DictReader(history)][1:]
    return float(np.mean(speeds)), cost.peak_memory_bytes


def _peer(file: Path, count: int, epochs: int, precision: str) -> float:
    """Images a second of PyTorch's usual loop."""
    import torch
    from torch.nn import functional

    from benchmarks.torch_residual import WIDTHS, Residual
    from kerastc.images import STANDARD

    with np.load(file, allow_pickle=False) as arrays:
        images, labels = arrays["x_train"][:count], arrays["y_train"][:count].astype(int)

    class Batches(torch.utils.data.Dataset):
        def __init__(self):
            self.random = np.random.default_rng(0)
            self.order = self.random.permutation(count)

        def __len__(self):
            return -(-count // BATCH)

        def __getitem__(self, index):
            rows = self.order[index * BATCH : (index + 1) * BATCH]
            pixels = torch.from_numpy(STANDARD(images[rows], self.random))
            return pixels.permute(0, 3, 1, 2).float(), torch.from_numpy(labels[rows])

    model = torch.nn.Sequential(
        Residual(), torch.nn.Dropout(0.2), torch.nn.Linear(WIDTHS[-1], CLASSES)
    ).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), RATE, weight_decay=DECAY, fused=True)
    mixture = torch.distributions.Beta(MIXING, MIXING)
    speeds = []
    for _ in range(epochs):
        loader = torch.utils.data.DataLoader(Batches(), None, num_workers=1)
        began = time.perf_counter()
        for pixels, truth in loader:
            share = mixture.sample((len(truth),))
            partners = torch.randperm(len(truth))
            weight = share[:, None, None, None]
            mixed = weight * pixels + (1 - weight) * pixels[partners]
            targets = functional.one_hot(truth, CLASSES).float()
            targets = share[:, None] * targets + (1 - share[:, None]) * targets[partners]
            optimizer.zero_grad()
            with torch.autocast("cpu", torch.bfloat16, precision == "mixed_bfloat16"):
                logits = model(mixed.to(memory_format=torch.channels_last)).float()
            functional.cross_entropy(logits, targets, label_smoothing=SMOOTHING).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        speeds.append(count / (time.perf_counter() - began))
    return float(np.mean(speeds[1:]))


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.image_training")
