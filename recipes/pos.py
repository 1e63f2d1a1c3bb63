"""Tag words with their parts of speech, or with a feature.

The file is a treebank of Universal Dependencies (CoNLL-U): its universal tags are learned, or with
tag=xpos those of the language, or with tag=Number a feature. Of a multiword token such as the
Spanish "del" the words are tagged, "de" and "el". Or the file has a line for each word, in columns,
and a blank line behind each sentence; the tag is in the second column.

    kerastc train pos data=es_gsd-ud-train.conllu validation=es_gsd-ud-dev.conllu
    kerastc train pos data=es_gsd-ud-train.conllu tag=xpos
    kerastc train pos data=esp.train validation=esp.testa

Data: your own texts.

Cost: as of texts of the length of the sentences.

Expect: the accuracy of words, and of those that no training text has.
"""

from typing import ClassVar

from kerastc import data, training
from kerastc.training.tag_config import TagConfig, load_tagged


class Config(TagConfig):
    """An encoder that is trained whole, and a layer that gives each word its tag."""

    usual_tag: ClassVar[str] = "2"


def load(config: Config, run) -> data.Splits:
    return load_tagged(config)


def train(splits: data.Splits, config: Config, run) -> training.Trained:
    return training.fine_tuned(splits, config, run)
