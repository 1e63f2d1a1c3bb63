"""Sort arXiv abstracts by field with a frozen encoder: the 2025 DistilBERT study, repeated.

Two problems of the source: `similar` (artificial intelligence, formal languages, data structures:
540 texts each) and `general` (640 of computer science, 512 of mathematics, 352 of physics, some
16 a subcategory). Abstracts are cut at 300 characters; splits are 70/15/15. FILE has the columns
primary_cat, categories, title, abstract; without one the arXiv API is asked, politely.

    kerastc train arxiv data=FILE problem=similar
    kerastc sweep arxiv data=FILE learning_rate=5e-2,5e-4,5e-6 schedule=linear,constant
    kerastc sweep arxiv data=FILE train_fraction=1,0.5,0.25 seed=0,1,2,3,4

Cost: TODO

Expect: TODO
"""

from typing import Annotated, Literal

from pydantic import Field

from kerastc import data, models, report, training


class Config(training.TextClassifierConfig):
    """The source's protocol with mean pooling."""

    data: str = ""  # a file of abstracts; empty asks the arXiv API
    problem: Literal["similar", "general"] = "similar"  # near fields, or far ones
    max_characters: Annotated[int, Field(ge=0)] = 300  # longer texts are cut at a word; 0 does not
    text: Literal["abstract", "title+abstract"] = "abstract"  # what of a paper is read
    learning_rate: float = 5e-4  # the peak


def run(config: Config, run) -> None:
    texts = data.load_arxiv(
        config.data,
        config.problem,
        run.cache,
        max_characters=config.max_characters or None,
        seed=config.seed,
        text=config.text.split("+"),
    )
    splits = data.split(texts, config.seed, train_fraction=config.train_fraction)
    run.describe_data(splits)

    encoder = models.load_encoder(config.backbone)
    model = models.text_classifier(encoder, len(texts.classes), **config.architecture())
    trained = training.train_text_classifier(model, encoder, splits, config, run)
    report.conclude(run, splits, trained)
