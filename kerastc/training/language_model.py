"""Trains a language model: from a corpus on disk to a run that says what masked words are."""

from functools import cache, partial
from typing import Any

import keras
import numpy as np

from kerastc.data.tables.reading import Reading
from kerastc.errors import UserError
from kerastc.inputs.causal.parts import CausalParts
from kerastc.inputs.stream.batches import MaskedBatches, StreamBatches, renumbered
from kerastc.inputs.stream.parts import CorpusParts
from kerastc.inputs.stream.rows import MaskedRows
from kerastc.models import Encoder, load_encoder
from kerastc.models.conversion import encoder_layer
from kerastc.models.masked_model import with_all_tokens
from kerastc.models.published_words import language_model
from kerastc.progress import tell
from kerastc.run import Run
from kerastc.text.preparation import TextPreparation
from kerastc.text.restricted import is_restrictable
from kerastc.text.tokenizer import Tokenizer
from kerastc.training.causal_training import frequent_words, train_causal_model
from kerastc.training.fine_tuning import read_by, save
from kerastc.training.groups import head_first
from kerastc.training.language_config import CausalConfig, MaskedConfig, MaskedEncoderConfig
from kerastc.training.task_training import TaskTraining, costs
from kerastc.training.token_table import reached, tell_cut
from kerastc.training.trained import Trained


def train_language_model(
    parts: CorpusParts | CausalParts, config: MaskedEncoderConfig | CausalConfig, run: Run
) -> Trained:
    """Fits a language model on a corpus by the objective of its config.

    Args and errors as in `train_masked_model` and `train_causal_model`.
    """
    causal = isinstance(config, CausalConfig)
    return (train_causal_model if causal else train_masked_model)(parts, config, run)


def train_masked_model(parts: CorpusParts, config: MaskedEncoderConfig, run: Run) -> Trained:
    """Fits an encoder with a head on masked windows of a corpus.

    The token table has the tokens of the corpus alone if it is large, for the time of the training.

    Args:
        parts: of the corpus.
        config: hyperparameters.
        run: gets history, checkpoints, model.keras, tokenizer and preprocessing.json.

    Raises:
        UserError: the backbone's tokenizer is not that of the corpus, or as in `load_encoder`.
    """
    keras.utils.set_random_seed(config.seed)
    random = config.weights == "random"
    encoder = corpus_encoder(parts, "backbone", config.backbone, random)
    if encoder.cut is not None:
        tell_cut(encoder.cut.tokenizer.vocabulary_size, len(encoder.cut.kept), "texts")
    encoder.require(config.max_tokens)
    model, own = language_model(encoder, config.seed, not random)
    encoder.layer.tune(config.trainable)
    tell(f"The head of {config.backbone} goes on." if own else "The head is new.")
    train, validation = masked_batches(parts, encoder, config)
    training = TaskTraining(config, parts.train.classes, run)
    groups = head_first(model, config.head_steps)
    choice, figures = training.fit(model, train, validation, groups=groups)
    trainable = sum(int(np.prod(v.shape)) for v in model.trainable_weights)
    answers = training.decoded(choice.outputs, validation)
    if encoder.cut is not None:
        whole = encoder_layer(model).with_table(encoder.cut.filled(encoder.layer.table()))
        model, tokenizer = with_all_tokens(model, whole, encoder.cut.kept), encoder.cut.tokenizer
    else:
        tokenizer = encoder.tokenizer
    save(model, tokenizer, preprocessing(encoder, config), run)
    return Trained(
        validation=answers,
        test=[],
        figures=figures
        | {"max_tokens": config.max_tokens, "trainable_parameters": trainable, **costs(model)},
        choice=choice,
        baseline=frequent_words(parts),
    )


def masked_batches(
    parts: CorpusParts, encoder: Encoder, config: MaskedConfig
) -> tuple[StreamBatches, MaskedBatches]:
    """The windows to train on and those held out, by the encoder's ids."""
    if encoder.cut is not None:
        number = np.zeros(encoder.cut.tokenizer.vocabulary_size, np.int32)
        number[encoder.cut.kept] = np.arange(len(encoder.cut.kept))
    else:
        number = np.arange(encoder.tokenizer.vocabulary_size, dtype=np.int32)
    pad = partial(encoder.tokenizer.pad, segments=encoder.segments)
    train = StreamBatches(parts.windows, parts.masking, number, pad, config.batch_size, config.seed)
    rows = MaskedRows(renumbered(parts.validation.rows.masked, number), encoder.tokenizer)
    length = config.max_tokens if config.packed else None
    return train, MaskedBatches(rows, pad, config.batch_size, length)


def corpus_encoder(
    parts: CorpusParts, setting: str, name: str, random: bool = False, always: bool = False
) -> Encoder:
    """An encoder that reads a corpus; if its table is large, with the corpus's tokens.

    Args:
        parts: of the corpus.
        setting: that names the encoder, for messages.
        name, random: as in `load_encoder`.
        always: whether a small table is cut, too.

    Raises:
        UserError: its tokenizer is not the corpus's, or as in `load_encoder`.
    """
    corpus = parts.corpus

    @cache  # asked for again where all tokens had to be loaded first
    def used(tokenizer: Tokenizer, rows: int) -> np.ndarray | None:
        if not tokenizer.same(corpus.tokenizer):
            raise UserError(
                f"{corpus.folder} was built with another tokenizer than that of "
                f"{setting}={name}: their tokens are not the same.",
                f"Build a corpus with it: kerastc corpus build OUT FILES... --tokenizer {name}",
            )
        if always and tokenizer.vocabulary_size <= rows and is_restrictable(tokenizer):
            return np.union1d(np.flatnonzero(parts.token_counts), tokenizer.special_ids)
        return reached(tokenizer, rows, lambda: np.flatnonzero(parts.token_counts))

    return load_encoder(name, pairs=True, random=random, wanted=used)


def preprocessing(encoder: Encoder, config: MaskedConfig) -> dict[str, Any]:
    """The content of preprocessing.json."""
    return {
        **read_by(encoder, config, TextPreparation(), Reading()),
        "segments": encoder.segments,
        **config.row_settings,
    }
