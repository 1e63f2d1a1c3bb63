"""Find names in texts, or tag their words in another way.

The file has a line for each word, in columns, and a blank line behind each sentence, as those of
CoNLL-2002 and -2003: the word first, its tag last. Entities may be tagged in IOB1, IOB2, BIOES or
BILOU; tags of another form, such as parts of speech, are learned as they are. An entity is found
where its first word, its last word and its type are right.

    kerastc train ner data=esp.train test=esp.testa
    kerastc train ner data=my.conll tag=2 validation_fraction=0.1 test_fraction=0.1
    kerastc train ner data=my.conll trainable=top_2

Data: your own sentences.

Cost: as of texts of the length of the sentences. With trainable=head the encoder runs in each
epoch, as what it says of single words is not kept.

Expect: the head alone learns little of names; trainable=all, the default here, learns to find them.
"""

from typing import ClassVar, Literal

import pydantic

from kerastc import data, training
from kerastc.data.texts.tagged import TaggedTexts, read_tagged
from kerastc.training.config import Count, Fraction, Positive


class Config(data.TextParts, training.TextClassifierConfig):
    """An encoder that is trained whole, and a layer that gives each word its tag."""

    task: ClassVar[str] = "token-classification"
    stride: ClassVar[int] = 64  # tokens that windows of a long sentence share

    trainable: str = "all"  # head: the encoder is frozen | top_K: and its top K layers | all
    epochs: Count = 4  # at most
    learning_rate: Positive = 1e-4  # the peak
    warmup_fraction: Fraction = 0.06  # of all updates
    dropout: Fraction = 0.1  # before the tags
    # Short sentences, such as datelines, are common in all parts of a corpus, and published figures
    # are of models that learned from them.
    known_rows: Literal["drop", "keep"] = "keep"  # of data, (nearly) equal to rows of a part's file

    data: str  # the file
    tag: str = ""  # the column of tags, by its number; empty takes the last
    encoding: str = "utf-8"  # of the file

    @pydantic.model_validator(mode="after")
    def of_words(self) -> "Config":
        """Refuses what has no meaning for single words."""
        given = {
            "pooling": self.pooling != "mean",
            "hidden": self.hidden is not None,
            "preparation.capitals": self.preparation.capitals,
        }
        if names := [name for name, is_given in given.items() if is_given]:
            raise ValueError(f"{', '.join(names)}: for answers of whole texts, not of words.")
        return self


def load(config: Config, run) -> data.Splits:
    def read(file: str) -> TaggedTexts:
        return read_tagged(file, config.tag, config.encoding)

    sentences = read(config.data)
    seed, share = config.seed, config.train_fraction
    return data.split_texts(sentences, config, read, seed, share, config.seen)


def train(splits: data.Splits, config: Config, run) -> training.Trained:
    return training.fine_tuned(splits, config, run)
