"""What is run: command lines in today's words, each in a process of its own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

TINY_BERT = "backbone=data/bert"
FEW_IMAGES = "labelled=40 validation=40 test=60 unlabelled=96 width=0.25 least_images=80"
IMAGES = f"{FEW_IMAGES} epochs=1 batch_size=32"
# The images of the study, by any of its recipes.
STUDY = f"data=digits {FEW_IMAGES} epochs=2 batch_size=32"


@dataclass(frozen=True)
class Step:
    """A command line of kerastc.

    Args:
        name: of the step; what it prints is compared under that name where it is JSON.
        line: its words; each stands alone, but those in quotes.
        after: names of steps that have to be done before.
        killed_at: evaluations after which the process is killed; 0 lets it end.
        watched: the run that is killed.
        since: a file without which a commit cannot do it; there is nothing to compare then.
    """

    name: str
    line: str
    after: Sequence[str] = ()
    killed_at: int = 0
    watched: str = ""
    since: str = ""


def _train(name: str, recipe: str, settings: str, **others) -> Step:
    return Step(name, f"train {recipe} {settings} --run runs/{name}", **others)


def _few_labels(recipe: str, settings: str = "", name: str = "") -> Step:
    return _train(name or recipe, recipe, f"{IMAGES} {settings}")


TEXT = (
    f"data=data/subjects.csv {TINY_BERT} trainable=top_1 epochs=6 batch_size=16"
    " learning_rate=3e-3 max_tokens=32 accumulation=2"
)
SENTENCES = '"Boil the soup with more salt" "- the rook and a 12" "mast, wind; tide"'

# The long ones first: what follows them waits least.
STEPS: tuple[Step, ...] = (
    _train(
        "headlines",
        "headlines",
        f"data=data/headlines.csv {TINY_BERT} epochs=3 batch_size=16 evaluate_every=5"
        " evaluation_rows=8 keep_checkpoints=2 balancing=oversample max_tokens=24"
        " learning_rate=1e-3 validation_fraction=0.15 test_fraction=0.2",
    ),
    Step(
        "compress-headlines",
        "train compress-headlines parent=runs/headlines --run runs/compress-headlines",
        after=("headlines",),
    ),
    _train("text", "text", TEXT),
    _few_labels("supervised", "data=data/images.npz mixup=0.4 cutmix=0.5 average=0.9"),
    _train(
        "photos",
        "photos",
        "data=data/photos weights=random image_size=32 trainable=top_1 epochs=1 batch_size=8",
        since="recipes/photos.py",
    ),
    Step(
        "text compressed",
        "compress runs/text low-rank:energy=0.8 distill:layers=2,epochs=1,states=0.5 quantize:int8"
        " --run runs/text-compressed",
        after=("text",),
    ),
    Step(
        "images compressed",
        "compress runs/supervised structured:channels=0.25 low-rank:energy=0.9 prune:0.3"
        " distill:width=0.125,epochs=1 recover quantize:int8-static --run runs/images-compressed",
        after=("supervised",),
    ),
    Step(
        "text exported",
        "export runs/text --format litert --format onnx --format saved_model --bundle --json",
        after=("text",),
    ),
    Step(
        "images exported",
        "export runs/supervised --format litert --format onnx --format saved_model --json",
        after=("supervised",),
    ),
    Step(
        "text exported int8",
        "export runs/text --quantization int8 --length 8,32 --json",
        after=("text exported",),
    ),
    Step(
        "images exported int8",
        "export runs/supervised --quantization int8 --bundle --json",
        after=("images exported",),
    ),
    _train(
        "pairs",
        "pairs",
        f"data=data/pairs.csv {TINY_BERT} epochs=2 batch_size=16 max_tokens=48 learning_rate=1e-3",
        since="recipes/pairs.py",
    ),
    _train(
        "documents",
        "documents",
        f"data=data/subjects.csv {TINY_BERT} epochs=2 batch_size=16 window=8 windows=attention",
        since="recipes/documents.py",
    ),
    _train(
        "ner",
        "ner",
        f"data=data/words.conll {TINY_BERT} epochs=2 batch_size=16 max_tokens=32 "
        "learning_rate=1e-3",
        since="recipes/ner.py",
    ),
    *(
        _train(
            name,
            name,
            f"data=data/words.conll {TINY_BERT} epochs=1 max_tokens=32 learning_rate=1e-3",
            since=f"recipes/{name}.py",
        )
        for name in ("pos", "tags")
    ),
    _train(
        "qa",
        "qa",
        f"data=data/questions.jsonl {TINY_BERT} epochs=2 max_tokens=24 stride=4 learning_rate=1e-3",
        since="recipes/qa.py",
    ),
    Step(
        "corpus",
        "corpus build runs/corpus data/subjects.csv --tokenizer data/bert",
        since="kerastc/cli/corpus.py",
    ),
    _train(
        "language-model",
        "language-model",
        f"corpus=runs/corpus {TINY_BERT} epochs=2 batch_size=4 max_tokens=32 learning_rate=1e-3"
        " head_steps=5 whole_words=true rarity=0.7 accumulation=2 evaluate_every=6",
        after=("corpus",),
        since="recipes/language_model.py",
    ),
    _train(
        "distil-encoder",
        "distil-encoder",
        "corpus=runs/corpus teacher=runs/language-model layers=1 epochs=2 batch_size=4"
        " max_tokens=32 learning_rate=1e-3 evaluate_every=6",
        after=("language-model",),
        since="recipes/distil_encoder.py",
    ),
    _few_labels("self-training", "round_epochs=1 rounds=2 threshold=0.2 neighbours=5"),
    _few_labels("fixmatch", "supervised_epochs=1"),
    _few_labels("simclr", "pretraining_epochs=1 pretraining_batch=64"),
    _few_labels("autoencoder", "pretraining_epochs=1 frozen_epochs=2"),
    _few_labels("joint-simclr", "ratio=2"),
    _few_labels("joint-autoencoder", "hidden=0.5 filter=svm filter_epochs=1"),
    _few_labels("one-class", "method=supervised filter_epochs=2"),
    Step(
        "study",
        f"sweep --study cifar100 {STUDY} recipe=supervised,autoencoder pretraining_epochs=1"
        " --name golden --runs runs/study --json",
    ),
    _train(
        "docstrings",
        "docstrings",
        f"{TINY_BERT} per_class=30 epochs=4 max_tokens=32 smaller=false problem=similar",
    ),
    _train(
        "arxiv", "arxiv", f"data=data/arxiv.csv {TINY_BERT} epochs=4 schedule=cosine max_tokens=24"
    ),
    Step("text killed", f"train text {TEXT} --run runs/text-resumed", (), 2, "runs/text-resumed"),
    Step("text resumed", "train --resume --run runs/text-resumed", after=("text killed",)),
    Step(
        "headlines child",
        "train --from runs/headlines epochs=4 dropout=0.4 weight_decay=0.03"
        " --run runs/headlines-child",
        after=("headlines",),
    ),
    Step(
        "sweep",
        f"sweep text data=data/subjects.csv {TINY_BERT} max_tokens=24 epochs=2"
        " learning_rate=1e-3..1e-2:log trainable=head,top_1 --trials 3 --name golden"
        " --runs runs/sweep --json",
    ),
    Step("text predicted", f"predict runs/text --json {SENTENCES}", after=("text",)),
    Step(
        "text predicted by LiteRT",
        "predict runs/text/exports/model.tflite --json --file data/labelled.csv",
        after=("text exported",),
    ),
    Step(
        "text predicted by a bundle",
        f"predict runs/text/exports/litert.zip --json {SENTENCES}",
        after=("text exported",),
    ),
    Step(
        "text evaluated",
        "evaluate runs/text --data data/labelled.csv --json",
        after=("text",),
    ),
    Step(
        "images evaluated by a bundle",
        "evaluate runs/supervised/exports/litert-int8.zip --data data/images.npz --json",
        after=("images exported int8",),
    ),
    Step(
        "images evaluated",
        "evaluate runs/supervised --data data/images.npz --json",
        after=("supervised",),
    ),
    Step(
        "text benchmark",
        "benchmark runs/text --runs 3 --json",
        after=("text exported int8",),
    ),
    Step(
        "images benchmark",
        "benchmark runs/supervised --runs 3 --json",
        after=("images exported int8",),
    ),
    Step(
        "compared",
        "compare runs/text runs/arxiv runs/docstrings --json",
        after=("text", "arxiv", "docstrings"),
    ),
    Step(
        "account",
        "compare runs/headlines --json",
        after=("compress-headlines",),
    ),
)
# Of each pair the second has to be as the first, in the working tree alone.
SAME_RUNS = (("runs/text", "runs/text-resumed"),)


def chosen(pattern: str, steps: Sequence[Step] = STEPS) -> list[Step]:
    """The steps in whose names the regular expression is found, and those that they wait for."""
    names: set[str] = set()
    for step in reversed(steps):  # what is waited for stands before
        if step.name in names or re.search(pattern, step.name):
            names |= {step.name, *step.after}
    return [step for step in steps if step.name in names]
