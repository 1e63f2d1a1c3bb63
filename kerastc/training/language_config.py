"""The fields of the recipes that train language models, and the corpus that they name."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import pydantic
from pydantic import Field

from kerastc.data.corpus import Corpus
from kerastc.inputs.causal.parts import CausalParts, in_order
from kerastc.inputs.stream.parts import CorpusParts, divided
from kerastc.settings import IsLocation, Location
from kerastc.training.config import (
    Backbone,
    Count,
    Fraction,
    Natural,
    Positive,
    Share,
    TrainingConfig,
)

Weight = Annotated[float, Field(ge=0)]


class CorpusConfig(TrainingConfig):
    """A model that learns by the words in the texts of a corpus."""

    corpus: Location  # the folder that kerastc corpus build wrote
    validation: Annotated[str, IsLocation()] = ""  # a corpus to validate by; empty: rows held out
    validation_rows: Count | None = None  # to validate by; none: 2,000, or a tenth of the corpus

    epochs: Count = 1  # over the corpus, at most
    batch_size: Count = 32  # windows
    learning_rate: Positive = 1e-4  # the peak
    warmup_fraction: Fraction = 0.06  # of all updates
    evaluate_every: Natural = 1000  # batches between evaluations; 0: each epoch

    @pydantic.model_validator(mode="after")
    def of_words(self) -> "CorpusConfig":
        """Refuses what has no meaning for words in texts."""
        if self.class_weights != "none":
            raise ValueError(f"class_weights={self.class_weights} is for classes, not for words.")
        return self


class MaskedConfig(CorpusConfig):
    """An encoder, whatever it starts as, that learns by masked words."""

    task: ClassVar[str] = "masked-language-model"
    shared: ClassVar[bool] = True

    max_tokens: Annotated[int, Field(ge=8)] = 128  # of a window, special ones included
    packed: bool = True  # rows are joined to full windows; else each is one, and cut to it
    masking: Annotated[float, Field(gt=0, lt=1)] = 0.15  # share of the tokens that are asked for
    whole_words: bool = False  # all tokens of a word are masked, or none
    rarity: Annotated[float, Field(ge=0, le=1)] = 0.0  # 0.7: masked by count ** -0.7; 0: alike

    changeable: ClassVar[tuple[str, ...]] = tuple(
        name for name in TrainingConfig.changeable if name != "masking"
    )

    @property
    def row_settings(self) -> dict[str, Any]:
        """What preprocessing.json tells about how windows are made and masked."""
        names = {"packed", "masking", "whole_words", "rarity"}
        return {"windows": self.model_dump(include=names)}

    def divided(self) -> CorpusParts:
        """As `load_corpus` does."""
        return divided(
            Corpus.open(self.corpus),
            self.max_tokens,
            self.packed,
            self.validation_rows,
            Corpus.open(self.validation) if self.validation else None,
            share=self.masking,
            seed=self.seed,
            whole_words=self.whole_words,
            rarity=self.rarity,
        )


class MaskedEncoderConfig(MaskedConfig):
    """An encoder that learns to say which words are masked in the texts of a corpus."""

    backbone: Backbone = "e5"  # or minilm, a KerasHub preset, hf://OWNER/MODEL, a folder, a run
    weights: Literal["published", "random"] = "published"  # of the backbone; random: untrained
    trainable: str = "all"  # head: the encoder is frozen | top_K: and its top K layers | all
    head_steps: Natural = 0  # updates in which only the layers behind the encoder are trained

    @pydantic.model_validator(mode="after")
    def of_an_encoder(self) -> "MaskedEncoderConfig":
        """Refuses what has no meaning for an encoder that is frozen."""
        if self.trainable == "head" and self.head_steps:
            raise ValueError("head_steps with trainable=head: the encoder is never trained.")
        return self


class CausalConfig(CorpusConfig):
    """An AWD-LSTM that learns to say which word comes next in the texts of a corpus."""

    task: ClassVar[str] = "causal-language-model"
    shared: ClassVar[bool] = False  # a row goes on in the next batch: one process has it
    max_tokens: ClassVar[int] = 1024  # that are read of a text to go on with

    direction: Literal["forward", "backward"] = "forward"  # backward: says what comes before
    width: Count = 256  # of the token table; the paper: 400
    hidden: Count = 512  # units of the layers between; the paper: 1150
    depth: Count = 3  # layers
    bptt: Annotated[int, Field(ge=4)] = 70  # tokens that gradients go back, about
    embedding_dropout: Share = 0.02  # share of the tokens dropped as a whole; the paper: 0.1
    input_dropout: Share = 0.25  # of the vectors read; the paper: 0.4
    weight_dropout: Share = 0.2  # of the recurrent weights; the paper: 0.5
    hidden_dropout: Share = 0.15  # between layers; the paper: 0.25
    output_dropout: Share = 0.1  # behind the last; the paper: 0.4
    activation: Weight = 2.0  # weight of the outputs' mean square in the loss
    change: Weight = 1.0  # weight of that of their change from token to token

    changeable: ClassVar[tuple[str, ...]] = (
        *(name for name in TrainingConfig.changeable if name not in ("masking", "dropout")),
        *("embedding_dropout", "input_dropout", "weight_dropout", "hidden_dropout"),
        *("output_dropout", "activation", "change"),
    )

    @classmethod
    def usual(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """Rate and rows that suit an LSTM that begins with nothing."""
        return {"learning_rate": 3e-3, "batch_size": 64} | super().usual(given)

    @property
    def layers(self) -> dict[str, Any]:
        """The arguments of `kerastc.models.awd_lstm.AwdLstm` besides tokens and seed."""
        names = {"width", "hidden", "depth", "activation", "change"}
        drops = {name for name in type(self).model_fields if name.endswith("_dropout")}
        return self.model_dump(include=names | drops)

    def divided(self) -> CausalParts:
        """As `load_corpus` does."""
        return in_order(
            Corpus.open(self.corpus),
            self.batch_size,
            self.bptt,
            self.direction == "backward",
            self.validation_rows,
            Corpus.open(self.validation) if self.validation else None,
        )


class LanguageModelConfig(CorpusConfig):
    """A model that learns to say words in the texts of a corpus: masked ones, or the next."""

    objective: Literal["masked", "causal"] = "masked"  # which words are asked for

    further: ClassVar[Mapping[str, Mapping[str, type[CorpusConfig]]]] = {
        "objective": {"masked": MaskedEncoderConfig, "causal": CausalConfig}
    }


class DistilConfig(MaskedConfig):
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


def load_corpus(config: MaskedConfig | CausalConfig) -> CorpusParts | CausalParts:
    """The corpus of a config, in parts.

    Raises:
        UserError: it is unfinished or damaged, or as in `divided` or `in_order`.
    """
    return config.divided()
