"""Give each word of your texts a tag, whatever the tags are.

The file's form is known by its content: a line for each word, in columns (the word first, its tag
last, unless word= and tag= name others); CoNLL-U (tag=upos, xpos or a feature); JSON Lines or JSON
with spans of characters, as Doccano and Label Studio export them. Tags of entities (IOB1, IOB2,
BIOES, BILOU) are answered as entities, others word by word.

    kerastc train tags data=my.iob2 word=2 tag=3
    kerastc train tags data=annotated.jsonl
    kerastc predict runs/tags/20261121-101500 "Vive en Madrid."

Data: your own texts.

Cost: as of texts of the length of the sentences.

Expect: what the tags allow; `ner` and `pos` are this recipe for entities and parts of speech.
"""

from kerastc import data, training
from kerastc.training.tag_config import TagConfig, load_tagged


class Config(TagConfig):
    """An encoder that is trained whole, and a layer that gives each word its tag."""


def load(config: Config, run) -> data.Splits:
    return load_tagged(config)


def train(splits: data.Splits, config: Config, run) -> training.Trained:
    return training.fine_tuned(splits, config, run)
