"""The fields of the recipes that train language models, and the corpus that they name."""

from typing import Annotated, Any, ClassVar, Literal

import pydantic
from pydantic import Field

from kerastc.data.corpus import Corpus
from kerastc.inputs.stream.parts import CorpusParts, divided
from kerastc.settings import IsLocation, Location
from kerastc.training.config import (
    Backbone,
    Count,
    Fraction,
    Natural,
    Positive,
    TrainingConfig,
)

Weight = Annotated[float, Field(ge=0)]


class CorpusConfig(TrainingConfig):
    """An encoder, whatever it starts as, that learns by masked words in the texts of a corpus."""

    task: ClassVar[str] = "masked-language-model"
    shared: ClassVar[bool] = True

    corpus: Location  # the folder that kerastc corpus build wrote
    max_tokens: Annotated[int, Field(ge=8)] = 128  # of a window, special ones included
    packed: bool = True  # rows are joined to full windows; else each is one, and cut to it
    masking: Annotated[float, Field(gt=0, lt=1)] = 0.15  # share of the tokens that are asked for
    whole_words: bool = False  # all tokens of a word are masked, or none
    rarity: Annotated[float, Field(ge=0, le=1)] = 0.0  # 0.7: masked by count ** -0.7; 0: alike
    validation: Annotated[str, IsLocation()] = ""  # a corpus to validate by; empty: rows held out
    validation_rows: Count | None = None  # to validate by; none: 2,000, or a tenth of the corpus

    epochs: Count = 1  # over the corpus, at most
    batch_size: Count = 32  # windows
    learning_rate: Positive = 1e-4  # the peak
    warmup_fraction: Fraction = 0.06  # of all updates
    evaluate_every: Natural = 1000  # batches between evaluations; 0: each epoch

    changeable: ClassVar[tuple[str, ...]] = tuple(
        name for name in TrainingConfig.changeable if name != "masking"
    )

    @pydantic.model_validator(mode="after")
    def of_words(self) -> "CorpusConfig":
        """Refuses what has no meaning for words in texts."""
        if self.class_weights != "none":
            raise ValueError(f"class_weights={self.class_weights} is for classes, not for words.")
        return self

    @property
    def row_settings(self) -> dict[str, Any]:
        """What preprocessing.json tells about how windows are made and masked."""
        names = {"packed", "masking", "whole_words", "rarity"}
        return {"windows": self.model_dump(include=names)}


class LanguageModelConfig(CorpusConfig):
    """An encoder that learns to say which words are masked in the texts of a corpus."""

    objective: Literal["masked"] = "masked"  # which words are asked for
    backbone: Backbone = "e5"  # or minilm, a KerasHub preset, hf://OWNER/MODEL, a folder, a run
    weights: Literal["published", "random"] = "published"  # of the backbone; random: untrained
    trainable: str = "all"  # head: the encoder is frozen | top_K: and its top K layers | all
    head_steps: Natural = 0  # updates in which only the layers behind the encoder are trained

    @pydantic.model_validator(mode="after")
    def of_an_encoder(self) -> "LanguageModelConfig":
        """Refuses what has no meaning for an encoder that is frozen."""
        if self.trainable == "head" and self.head_steps:
            raise ValueError("head_steps with trainable=head: the encoder is never trained.")
        return self


class DistilConfig(CorpusConfig):
    """A student of some of an encoder's layers, which learns what it says of masked words."""

    teacher: Backbone  # a masked language model: a run of one, a folder, hf://OWNER/MODEL
    layers: Count | None = None  # of the student, spread evenly; none: half of the teacher's
    keep: tuple[Natural, ...] = ()  # these layers instead, [0,2,4]
    width: Count | None = None  # of the student's vectors; none: the teacher's
    table_width: Count | None = None  # of its token table, which a matrix widens; none: width
    rank: Count | None = None  # of the student's kernels, each two thin matrices; none: whole
    energy: Annotated[float, Field(gt=0, lt=1)] | None = None  # the same by the output kept
    start: Literal["copied", "random"] = "copied"  # the student's weights; random: from nothing
    temperature: Positive = 2.0  # of teacher and student in the first loss
    soft: Weight = 5.0  # weight of the teacher's distributions at the masks
    hard: Weight = 2.0  # weight of the words behind the masks
    states: Weight = 1.0  # weight of the cosine distance between the last hidden states
    hidden: Weight = 0.0  # weight of the squared distance between hidden states of layers
    hidden_layers: tuple[tuple[Natural, Natural], ...] = ()  # [[2,4],[6,12]]; none: all, evenly
    relations: Weight = 0.0  # weight of the divergence between relations of tokens
    relation_layer: Natural | None = None  # the teacher's layer that has them; none: its last
    relation_heads: Count | None = None  # of queries, keys, values; none: attention and values
    epochs: Natural = 1  # over the corpus, at most; 0: the student as it starts

    @pydantic.model_validator(mode="after")
    def of_layers(self) -> "DistilConfig":
        """Refuses two settings for one thing, those of a loss that does not count, and no loss."""
        for one, other in (("layers", "keep"), ("rank", "energy")):
            if getattr(self, one) is not None and getattr(self, other):
                raise ValueError(f"{one}= or {other}=, not both.")
        if not (self.soft or self.hard):
            raise ValueError("soft=0 with hard=0: the head would learn nothing.")
        if self.hidden_layers and not self.hidden:
            raise ValueError("hidden_layers= needs the weight of their distance: hidden=1")
        for name in ("relation_layer", "relation_heads"):
            if getattr(self, name) is not None and not self.relations:
                raise ValueError(f"{name}= needs the weight of relations: relations=1")
        return self


def load_corpus(config: CorpusConfig) -> CorpusParts:
    """The corpus of a config, in parts.

    Raises:
        UserError: it is unfinished or damaged, or as in `divided`.
    """
    return divided(
        Corpus.open(config.corpus),
        config.max_tokens,
        config.packed,
        config.validation_rows,
        Corpus.open(config.validation) if config.validation else None,
        share=config.masking,
        seed=config.seed,
        whole_words=config.whole_words,
        rarity=config.rarity,
    )
