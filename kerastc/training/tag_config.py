"""What recipes whose models give each word a tag have in common: settings and data."""

from dataclasses import replace
from functools import cache
from typing import ClassVar, Literal

import pydantic

from kerastc.data.splits import PARTS, Splits
from kerastc.data.tagged.columns import LAST
from kerastc.data.tagged.file import read_tagged
from kerastc.data.tagged.tagged_texts import TaggedTexts
from kerastc.data.texts.text_parts import FoldedTextParts, split_texts
from kerastc.errors import UserError
from kerastc.outputs.tags.entities import is_scheme
from kerastc.training.config import (
    Backbone,
    Count,
    EarlyStopping,
    FineTuningConfig,
    Fraction,
    Positive,
)


class TagConfig(FoldedTextParts, FineTuningConfig):
    """An encoder that is trained whole, and a layer that gives each word its tag.

    Attributes:
        usual_tag: the column of tags, in a file of columns, unless one is named.
    """

    task: ClassVar[str] = "token-classification"
    stride: ClassVar[int] = 64  # tokens that windows of a long sentence share
    usual_tag: ClassVar[str] = LAST

    backbone: Backbone = "e5"  # or minilm, a KerasHub preset, hf://OWNER/MODEL, a folder, a run
    trainable: str = "all"  # head: the encoder is frozen | top_K: and its top K layers | all
    epochs: Count = 3  # at most
    batch_size: Count = 16  # sentences, or windows of long ones
    learning_rate: Positive = 1.5e-4  # the peak
    head_rate: Positive = 100  # a factor of that; what e5 says of one word and another is alike
    warmup_fraction: Fraction = 0.06  # of all updates
    dropout: Fraction = 0.1  # before the tags
    # By the main figure: F1 goes on rising when the loss rises already, on few surely wrong words.
    early_stopping: EarlyStopping = EarlyStopping(metric=None)
    # Short sentences, such as datelines, are common in all parts of a corpus, and published figures
    # are of models that learned from them.
    known_rows: Literal["drop", "keep"] = "keep"  # of data, (nearly) equal to rows of a part's file

    data: str  # the file: columns, CoNLL-U, or JSON with spans of characters
    tag: str = ""  # the column's number | upos, xpos, a feature | the key of spans; empty guesses
    word: str = ""  # the column of words | the key of texts; empty: the first, or "text"
    encoding: str = "utf-8"  # of the file

    @pydantic.model_validator(mode="after")
    def of_words(self) -> "TagConfig":
        """Refuses what has no meaning for single words."""
        given = {
            "pooling": self.pooling != "mean",
            "hidden": self.hidden is not None,
            "preparation.capitals": self.preparation.capitals,
        }
        if names := [name for name, is_given in given.items() if is_given]:
            raise ValueError(f"{', '.join(names)}: for answers of whole texts, not of words.")
        return self


def load_tagged(config: TagConfig) -> Splits:
    """The texts of a config, in parts.

    The model gets an output for each tag that any part has, so that it can be measured on all of
    them; words of validation and test with a tag that no training row has are counted.

    Raises:
        UserError: as in `read_tagged` and `split_texts`; and for a part with tags of another kind.
    """

    @cache
    def read(file: str) -> TaggedTexts:
        one_tag = file != config.data
        return read_tagged(
            file, config.tag, config.word, config.encoding, config.usual_tag, one_tag
        )

    texts = read(config.data)
    names = texts.classes
    for file in config.files.values():
        part = read(file)
        _check_kind(texts, part)
        names = (*names, *(name for name in part.classes if name not in names))

    def with_all_tags(file: str) -> TaggedTexts:
        return read(file).matching(names, texts.source)

    splits = split_texts(
        with_all_tags(config.data),
        config,
        with_all_tags,
        config.seed,
        config.train_fraction,
        config.seen,
    )
    new = splits.train.class_counts() == 0
    notes = {
        f"words of {part} with a tag that no training row has": int(
            getattr(splits, part).class_counts()[new].sum()
        )
        for part in PARTS[1:]
    }
    found = {what: count for what, count in notes.items() if count}
    return replace(splits, notes=(splits.notes or {}) | found)


def _check_kind(texts: TaggedTexts, part: TaggedTexts) -> None:
    """Refuses a part whose tags are not of the kind of the others."""
    both = {*texts.classes, *part.classes}
    if {*texts.classes}.isdisjoint(part.classes) or (
        is_scheme(texts.classes) and not is_scheme(tuple(both))
    ):
        odd = next(name for name in part.classes if name not in texts.classes)
        raise UserError(
            f"{part.source}: {odd!r} is a tag of another kind than those of {texts.source}: "
            f"{', '.join(texts.classes[:10])}.",
            "Name the column of the same tags in all files: tag=2",
        )
