"""Images a second of each augmentation policy, in one thread: python -m benchmarks.augmentation

The network that is trained on 2 cores takes 500 images of 32 x 32 x 3 a second; the last column is
the share of one core that augmenting so many takes. Time is that of the thread, so that other work
on the machine counts little; the fastest of many batches is reported.
"""

import time

import click
import numpy as np

from kerastc.images import CONTRASTIVE, STANDARD, STRONG, WEAK, Augmentation, cutmix, mixup

TRAINED = 500  # images a second
POLICIES = {
    "weak": WEAK,
    "standard": STANDARD,
    "strong (FixMatch)": STRONG,
    "contrastive (SimCLR)": CONTRASTIVE,
    "contrastive, blur": CONTRASTIVE.model_copy(update={"blur": 0.5}),
    "rotation, zoom": Augmentation(rotation=15, zoom=0.1),
}
TARGETS = {"standard": 20_000, "strong (FixMatch)": 5_000, "contrastive, blur": 5_000}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--batch", default=128, show_default=True, help="Images a call.")
@click.option("--side", default=32, show_default=True, help="Their height and width in pixels.")
@click.option("--channels", default=3, show_default=True, type=click.IntRange(1, 3))
@click.option("--repeats", default=50, show_default=True, help="Batches; the fastest counts.")
def main(batch, side, channels, repeats) -> None:
    """Print a row a policy, with the target of the project where there is one."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (batch, side, side, channels), dtype=np.uint8)
    floats = images.astype(np.float32)
    calls = {
        name: lambda policy=policy: policy(images, random) for name, policy in POLICIES.items()
    }
    calls["mixup"] = lambda: mixup(floats, 0.4, random)
    calls["cutmix"] = lambda: cutmix(floats, random)
    click.echo(f"{'policy':24}{'images/s':>10}{'target':>10}{'of a core':>11}")
    for name, call in calls.items():
        rate = batch / min(_seconds(call) for _ in range(repeats))
        target = f"{TARGETS[name]:,}" if name in TARGETS else ""
        click.echo(f"{name:24}{rate:10,.0f}{target:>10}{TRAINED / rate:11.1%}")


def _seconds(call) -> float:
    """CPU seconds of this thread."""
    began = time.thread_time()
    call()
    return time.thread_time() - began


if __name__ == "__main__":
    main()
