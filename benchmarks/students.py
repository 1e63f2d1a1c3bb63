"""What each choice of a distillation is worth: python -m benchmarks.students FOLDER

    python -m benchmarks.students effects --teacher RUN --corpus OUT epochs=3 evaluate_every=1000 \\
        --task "ner data=esp.train validation=esp.testa test=esp.testb" --seeds 0,1,2

Every student learns from the same teacher and corpus, with equal settings but for its choice, and
is then trained for the task with equal settings, as the teacher is. Both are sweeps of kerastc: the
same command goes on where a stopped one was. The table has each student's parameters, its
perplexity on the rows of the corpus that were held out, the figure of the task, its interval, and
the share of the teacher's figure that it keeps. With one seed the interval is that of the rows;
with several, of the mean over seeds. Models, histories and reports stay in FOLDER, the table in
FOLDER/effects.json.
"""

import json
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from kerastc import formatting
from kerastc.run import Run
from kerastc.scores.seeds import over_seeds
from kerastc.tasks import TASKS


def choices(width: int, table_width: int, rank: int) -> dict[str, dict[str, Any]]:
    """Settings of distil-encoder by the name of a choice."""
    return {
        "copied": {"epochs": 0},
        "from-nothing": {"start": "random"},
        "words-alone": {"soft": 0, "states": 0},
        "usual": {},
        "hidden": {"hidden": 1},
        "relations": {"relations": 1},
        "hidden-and-relations": {"hidden": 1, "relations": 1},
        "narrower": {"width": width},
        "factorised": {"table_width": table_width},
        "low-rank": {"rank": rank},
    }


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.argument("words", nargs=-1)
@click.option("--teacher", required=True, help="A run of language-model, a folder, hf://…")
@click.option("--corpus", required=True, help="Of the teacher's tokenizer.")
@click.option("--task", required=True, help="A recipe and its settings, in quotes.")
@click.option("--seeds", default="0", show_default=True, help="Of the task.")
@click.option("--width", default=256, show_default=True, help="Of the narrower student.")
@click.option("--table-width", default=128, show_default=True, help="Of the factorised one.")
@click.option("--rank", default=96, show_default=True, help="Of the one of low rank.")
def main(folder, words, teacher, corpus, task, seeds, width, table_width, rank) -> None:
    """Distil by each choice, train the task on each student, and print the table.

    WORDS are settings of every distillation.
    """
    folder.mkdir(parents=True, exist_ok=True)
    given = dict(word.partition("=")[::2] for word in words)
    given |= {"teacher": teacher, "corpus": corpus}
    study = folder / "students.toml"
    study.write_text(study_of(choices(width, table_width, rank), given), encoding="utf-8")
    distilled = swept(folder, ["--study", str(study)])
    students = {value_of(trial, "recipe"): trial["run"] for trial in distilled}
    backbones = ",".join([teacher, *students.values()])
    again = [*shlex.split(task), f"backbone={backbones}", f"seed={seeds}"]
    runs: dict[str, list[Run]] = {}
    for trial in swept(folder, again):
        runs.setdefault(value_of(trial, "backbone"), []).append(Run.open(Path(trial["run"])))
    rows = [row_of("teacher", None, runs[teacher])]
    rows += [row_of(name, Run.open(Path(run)), runs[run]) for name, run in students.items()]
    for row in rows:
        row["kept"] = row["mean"] / rows[0]["mean"]
    (folder / "effects.json").write_text(json.dumps(rows, indent=2) + "\n")
    click.echo(table(rows))


def study_of(every: Mapping[str, Mapping[str, Any]], given: Mapping[str, str]) -> str:
    """A study of distil-encoder, as TOML.

    Args:
        every: settings by the name of a choice.
        given: those of all.
    """
    lines = ["[settings]", *(f"{key} = {json.dumps(value)}" for key, value in given.items())]
    for name, settings in every.items():
        lines += ["", f"[recipes.{name}]", 'recipe = "distil-encoder"']
        lines += [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    return "\n".join(lines) + "\n"


def swept(folder: Path, words: Sequence[str]) -> list[dict[str, Any]]:
    """The trials of a sweep, all of them finished.

    Raises:
        click.ClickException: it failed; its own message is above.
    """
    command = [sys.executable, "-m", "kerastc", "sweep", *words, "--runs", str(folder / "runs")]
    done = subprocess.run([*command, "--json"], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise click.ClickException(f"{shlex.join(command)} ended with {done.returncode}.")
    trials = json.loads(done.stdout)["trials"]
    for trial in trials:
        if trial["state"] != "finished":
            told = trial["error"] or "the same command goes on."
            raise click.ClickException(f"{' '.join(trial['words'])} is {trial['state']}: {told}")
    return trials


def value_of(trial: Mapping[str, Any], key: str) -> str:
    """The value of a trial's word."""
    return next(w.partition("=")[2] for w in trial["words"] if w.startswith(f"{key}="))


def row_of(name: str, student: Run | None, runs: Sequence[Run]) -> dict[str, Any]:
    """The figures of a student.

    Args:
        name: of its choice.
        student: its distillation; None of the teacher.
        runs: of the task on it, one for each seed.
    """
    figure = TASKS[runs[0].read_json("preprocessing.json")["task"]].output.main
    found = [run.read_json("metrics.json") for run in runs]
    part = "test" if found[0].get("test") else "validation"
    values = [metrics[part][figure.name] for metrics in found]
    row = {"student": name, "figure": f"{part} {figure.name}"}
    row |= over_seeds(values, figure.share)
    if len(runs) == 1:
        row["interval"] = found[0][part]["intervals"][figure.name]
    row["parameters"] = found[0]["training"]["parameters"]
    if student is not None:
        told = student.read_json("metrics.json")
        row["perplexity"] = told["validation"]["perplexity"]
        row["perplexity_interval"] = told["validation"]["intervals"]["perplexity"]
        row["seconds"] = told["training"]["seconds"]
    return row


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows in Markdown."""
    heads = ["student", "parameters", "distilled in", "perplexity", rows[0]["figure"], "kept"]
    lines = [
        [
            row["student"],
            f"{row['parameters']:,}",
            formatting.duration(row.get("seconds")),
            cell(row.get("perplexity"), row.get("perplexity_interval"), 2),
            cell(row["mean"], row["interval"], 3),
            formatting.percent(row["kept"]),
        ]
        for row in rows
    ]
    every = [heads, ["---"] * len(heads), *lines]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in every)


def cell(value: float | None, bounds: Sequence[float] | None, digits: int) -> str:
    """A figure with its interval."""
    told = formatting.number(value, digits)
    if not bounds:
        return told
    low, high = (formatting.number(end, digits) for end in bounds)
    return f"{told} [{low}, {high}]"


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.students")
