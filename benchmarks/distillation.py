"""Distillation of an encoder here and in PyTorch: python -m benchmarks.distillation

Both sides have the same weights of teacher and student, windows, shares of masks, and losses: the
divergence of the teacher's distributions at temperature 2 and the cross-entropy at the masks, and
the cosine of the last states, weighted 5, 2 and 1; --hidden and --relations add those of TinyBERT
and MiniLM. Ours is `kerastc train distil-encoder`. The peer's loop has what its user has for
nothing: the heads of both at the masked places alone, the teacher in inference mode, fused
attention, masks drawn beforehand, fused AdamW with clipping, all cores. Each in a process of its
own, in turns; a turn is timed after its first steps, which compile. Weights and tokens are random:
no figure depends on them.
"""

import csv
import json
import sys
import tempfile
from pathlib import Path

import click
import numpy as np

from benchmarks.contest import ENVIRONMENT
from benchmarks.measure import measured
from benchmarks.packages import need, versions

TARGET = 1.2  # times PyTorch's tokens a second
SIDES = ("kerastc", "torch")
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--layers", default=12, show_default=True, help="Of the teacher; the student: half.")
@click.option("--width", default=384, show_default=True, help="A head for each 32.")
@click.option("--tokens", default=30_000, show_default=True, help="Of the vocabulary.")
@click.option("--length", default=128, show_default=True, help="Tokens of a window.")
@click.option("--batch", default=32, show_default=True, help="Windows.")
@click.option("--steps", default=8, show_default=True, help="That count; as many go before.")
@click.option("--rounds", default=2, show_default=True, help="Turns of both; the best one counts.")
@click.option("--hidden", default=0.0, show_default=True, help="Weight of TinyBERT's states.")
@click.option("--relations", default=0.0, show_default=True, help="Weight of MiniLM's relations.")
def main(layers, width, tokens, length, batch, steps, rounds, hidden, relations) -> None:
    """Print tokens a second of training and peak memory of both sides."""
    need(("torch", "transformers"))
    from benchmarks.distillation_peer import made_teacher

    click.echo(json.dumps(versions(["kerastc", "keras", "tensorflow", "torch", "transformers"])))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made_teacher(folder / "teacher", layers, width, tokens, length)
        (folder / "teacher" / "vocab.txt").write_text("\n".join(words(tokens)) + "\n")
        corpus(folder, length, batch * 2 * steps)
        task = {"batch": batch, "steps": steps, "length": length, "layers": layers // 2}
        task |= {"hidden": hidden, "relations": relations}
        (folder / "task.json").write_text(json.dumps(task))
        found = {side: [] for side in SIDES}
        for turn in range(rounds):
            found["kerastc"].append(_ours(folder, task, folder / f"run-{turn}"))
            found["torch"].append(_peer(folder))
            for side in SIDES:
                speed, memory = found[side][-1]
                click.echo(f"{side:8}{speed:10,.0f} tokens/s {memory / 2**20:8,.0f} MiB")
    best = {side: max(turns)[0] for side, turns in found.items()}
    ratio = best["kerastc"] / best["torch"]
    click.echo(f"{ratio:.2f} times as fast; wanted: {TARGET}")
    sys.exit(ratio < TARGET)


def words(tokens: int) -> list[str]:
    """A vocabulary of so many words."""
    return [*SPECIAL, *(f"w{number}" for number in range(tokens - len(SPECIAL)))]


def corpus(folder: Path, length: int, windows: int) -> None:
    """A corpus of random tokens, each of them there, of so many full windows to train on.

    Args:
        folder: has `teacher`, and gets `corpus` and `held-out`.
        length: of a window, its two special tokens included.
        windows: of the corpus.
    """
    from kerastc.data.corpus import ShardWriter
    from kerastc.models.tokenizer_file import read_tokenizer

    tokenizer = read_tokenizer(folder / "teacher")
    random, inner = np.random.default_rng(0), length - 2
    every = np.arange(len(SPECIAL), tokenizer.vocabulary_size)
    drawn = random.choice(every, windows * inner)
    drawn[random.permutation(len(drawn))[: len(every)]] = every[: len(drawn)]
    for name, rows in (("corpus", drawn), ("held-out", drawn[: 8 * inner])):
        with ShardWriter(folder / name, tokenizer, 1 << 22) as writer:
            for row in rows.reshape(-1, inner):
                writer.add(row.astype(np.int32))


def _ours(folder: Path, task: dict, run: Path) -> tuple[float, int]:
    """Tokens a second of the second half of an epoch, and the peak memory in bytes."""
    words = [f"corpus={folder / 'corpus'}", f"validation={folder / 'held-out'}", "epochs=1"]
    words += [f"teacher={folder / 'teacher'}", f"layers={task['layers']}", "packed=false"]
    words += [f"max_tokens={task['length']}", f"batch_size={task['batch']}"]
    words += [f"evaluate_every={task['steps']}"]
    words += [f"hidden={task['hidden']}", f"relations={task['relations']}"]
    command = [sys.executable, "-m", "kerastc", "train", "distil-encoder", *words]
    cost = measured([*command, "--run", str(run)], ENVIRONMENT, run.with_suffix(".txt"))
    with (run / "history.csv").open() as history:
        *_, last = csv.DictReader(history)
    return float(last["examples_per_second"]) * task["length"], cost.peak_memory_bytes


def _peer(folder: Path) -> tuple[float, int]:
    """The same of PyTorch."""
    command = [sys.executable, "-m", "benchmarks.distillation_peer", str(folder)]
    cost = measured(command, ENVIRONMENT, folder / "peer.txt")
    return json.loads((folder / "result.json").read_text()), cost.peak_memory_bytes


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.distillation")
