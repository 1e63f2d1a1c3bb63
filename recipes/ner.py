"""Find names in texts: people, places, organisations.

The file has a line for each word, in columns, and a blank line behind each sentence, as those of
CoNLL-2002 and -2003: the word first, its tag last; entities are tagged in IOB1, IOB2, BIOES or
BILOU, and their types are yours. Or it has texts with spans of characters, as Doccano and Label
Studio export them (JSON Lines or JSON). An entity is found where its first word, its last word and
its type are right.

    kerastc train ner data=esp.train validation=esp.testa test_fraction=0
    kerastc train ner data=annotated.jsonl
    kerastc train ner data=my.conll tag=4 trainable=top_2 backbone=minilm

Data: your own texts.

Cost: 8,323 sentences of CoNLL-2002, three epochs, 24 to 46 minutes of one core's time. With
trainable=head the encoder runs in each epoch, as what it says of single words is not kept.

Expect: F1 0.851 on validation sentences of CoNLL-2002's Spanish part, and 0.798 from a fifth of the
training sentences (docs/tagging.md, docs/encoders.md; seeds 2 and 0).
The head alone learns little of names; trainable=all, the default here, learns to find them.
"""

from kerastc import data, training
from kerastc.training.tag_config import TagConfig, load_tagged


class Config(TagConfig):
    """An encoder that is trained whole, and a layer that gives each word its tag."""


def load(config: Config, run) -> data.Splits:
    return load_tagged(config)


def train(splits: data.Splits, config: Config, run) -> training.Trained:
    return training.fine_tuned(splits, config, run)
