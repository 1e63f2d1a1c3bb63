"""Learn the language of a corpus by masked or next words.

The corpus is a folder that `kerastc corpus build` wrote, of any size: it is read from the disk as
it is needed. An encoder goes on from its published weights (domain adaptation), from a run, or
starts from nothing, from a config.json of any size. The run is an encoder for every recipe on
texts: backbone=RUN. With objective=causal an AWD-LSTM starts from nothing and reads the corpus in
the order of its text, its state carried from batch to batch (Merity, Keskar and Socher 2017).

    kerastc train language-model corpus=OUT backbone=e5 objective=masked
    kerastc train language-model corpus=OUT backbone=minilm head_steps=500 evaluate_every=1000
    kerastc train language-model corpus=OUT backbone=FOLDER weights=random whole_words=true
    kerastc train language-model corpus=OUT objective=causal epochs=10
    kerastc train ner data=esp.train backbone=RUN

Data: your own corpus.

Cost: as of texts of max_tokens, and a product with the token table for each word asked for.

Expect: perplexity and accuracy on rows that were held out (docs/language-models.md).
"""

from kerastc import training
from kerastc.inputs.causal.parts import CausalParts
from kerastc.inputs.stream.parts import CorpusParts


class Config(training.LanguageModelConfig):
    """An encoder with a head of BERT's, or an AWD-LSTM, trained whole."""


def load(config: Config, run) -> CorpusParts | CausalParts:
    return training.load_corpus(config)


def train(parts: CorpusParts | CausalParts, config: Config, run) -> training.Trained:
    return training.train_language_model(parts, config, run)
