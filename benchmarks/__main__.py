"""The command: python -m benchmarks [frozen] [finetune], or python -m benchmarks deployed RUN."""

import sys
import time
from pathlib import Path

import click

from benchmarks import contest, deployed, documents, finetune, frozen, pairs, questions, table, tags
from benchmarks.packages import need
from kerastc.errors import UserError

FILE = click.Path(path_type=Path, exists=True, dir_okay=False, resolve_path=True)
COMPARISONS = {
    "frozen": frozen.compare,
    "finetune": finetune.compare,
    "pairs": pairs.compare,
    "documents": documents.compare,
    "tags": tags.compare,
    "questions": questions.compare,
}
# What each is given.
FILES = {
    "frozen": "arxiv",
    "finetune": "headlines",
    "pairs": "pairs",
    "documents": "documents",
    "tags": "sentences",
    "questions": "questions",
}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, type=click.Choice(list(COMPARISONS)))
@click.option("--arxiv", type=FILE, envvar="KERASTC_ARXIV", help="Abstracts, for `frozen`.")
@click.option("--headlines", type=FILE, envvar="KERASTC_HEADLINES", help="For `finetune`.")
@click.option("--pairs", type=FILE, envvar="KERASTC_PAIRS", help="Such as XNLI's, for `pairs`.")
@click.option("--documents", type=FILE, envvar="KERASTC_DOCUMENTS", help="Such as Reuters R8.")
@click.option(
    "--sentences", type=FILE, envvar="KERASTC_SENTENCES", help="Tagged, such as CoNLL-2002's."
)
@click.option("--questions", type=FILE, envvar="KERASTC_QUESTIONS", help="In SQuAD's form.")
@click.option("--language", default="en", show_default=True, help="Of the questions.")
@click.option("--judged-on", type=FILE, help="The validation part of `tags` or `questions`.")
@click.option(
    "--backbone",
    default="minilm",
    help="Of all but `frozen` and `finetune`: minilm, or a folder with a BERT.",
)
@click.option(
    "--train-fraction", default=1.0, show_default=True, help="Of the questions of training."
)
@click.option("--seeds", default="0", show_default=True, help="Comma-separated; a comparison each.")
@click.option("--quick", is_flag=True, help="A trial of the comparison itself, in two minutes.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("runs", "bench"),
    show_default=True,
    help="Runs, logs and results go to a new folder in it.",
)
def main(names, backbone, judged_on, language, train_fraction, seeds, quick, out, **given) -> None:
    """Compare kerastc with Hugging Face's Trainer.

    All comparisons whose file is given, unless NAMES say which.

    \b
    python -m benchmarks frozen --arxiv arxiv_cs.csv.gz --seeds 0,1,2
    python -m benchmarks finetune --headlines irish_times_topics.csv.gz
    python -m benchmarks pairs --pairs xnli_dev.tsv --backbone multilingual-e5-small/
    python -m benchmarks documents --documents reuters_r8_train.csv.gz
    python -m benchmarks tags --sentences esp.train --judged-on esp.testa --backbone FOLDER
    python -m benchmarks questions --questions squad_es.json --judged-on mlqa.json --language es \\
        --backbone FOLDER

    What is deployed has its own: python -m benchmarks deployed --help
    """
    files = {name: given[option] for name, option in FILES.items()}
    names = names or tuple(name for name, file in files.items() if file) or tuple(COMPARISONS)
    more = {
        "pairs": {"backbone": backbone},
        "documents": {"backbone": backbone},
        "tags": {"backbone": backbone, "validation": judged_on},
        "questions": {
            "backbone": backbone,
            "validation": judged_on,
            "language": language,
            "train_fraction": train_fraction,
        },
    }
    try:
        _check(names, files)
        folder = (out / time.strftime("%Y%m%d-%H%M%S")).resolve()
        folder.mkdir(parents=True)
        contest.warm_up(folder)
        rows = []
        for name in names:
            for seed in map(int, seeds.split(",")):
                click.echo(f"{name}, seed {seed} …", err=True)
                place = folder / f"{name}-{seed}"
                rows += COMPARISONS[name](files[name], seed, quick, place, **more.get(name, {}))
                written = table.save(rows, folder)  # a stopped command leaves what it measured
    except UserError as error:
        raise click.ClickException(str(error)) from None
    table.show(rows, quick)
    click.echo(f"Written: {written}")
    sys.exit(any(row.verdict == "missed" for row in rows) and not quick)


def _check(names, files) -> None:
    need(("torch", "transformers", "accelerate"))
    for name in names:
        if files[name] is None:
            option = FILES[name]
            raise UserError(
                f"The comparison {name!r} needs a file of {option}.",
                f"Give --{option} FILE, or set KERASTC_{option.upper()}=FILE.",
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["deployed"]:
        deployed.main(sys.argv[2:], prog_name="python -m benchmarks deployed")
    main(prog_name="python -m benchmarks")
