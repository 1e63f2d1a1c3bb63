"""Distil an encoder: some layers learn what all of them say.

The student starts from layers of its teacher, every other one if nothing else is said, and has
the tokens of the corpus alone. It learns the teacher's distributions at masked words, the words
themselves, and the direction of the teacher's last hidden states (Sanh et al. 2019, DistilBERT);
also, if asked, the hidden states of layers (TinyBERT) and the relations of tokens (MiniLM). It may
be narrower, have a factorised table, or layers of low rank. The run is an encoder for every recipe
on texts: backbone=RUN.

    kerastc train language-model corpus=OUT backbone=e5 trainable=head     # a teacher needs a head
    kerastc train distil-encoder teacher=RUN corpus=OUT layers=6
    kerastc train distil-encoder teacher=hf://OWNER/MODEL corpus=OUT keep=[0,3,7,11]
    kerastc train distil-encoder teacher=RUN corpus=OUT layers=6 hidden=1 relations=1
    kerastc train distil-encoder teacher=RUN corpus=OUT width=256 table_width=128
    kerastc train distil-encoder teacher=RUN corpus=OUT epochs=0           # copied, not trained
    kerastc train ner data=esp.train backbone=RUN

Data: your own corpus, built with the teacher's tokenizer.

Cost: that of language-model for the student, and a call of the teacher for each batch.

Expect: perplexity and accuracy at the masks of rows that were held out (docs/language-models.md).
"""

from kerastc import training
from kerastc.inputs.stream.parts import CorpusParts


class Config(training.DistilConfig):
    """A student of half of the layers."""


def load(config: Config, run) -> CorpusParts:
    return training.load_corpus(config)


def train(parts: CorpusParts, config: Config, run) -> training.Trained:
    return training.distil_encoder(parts, config, run)
