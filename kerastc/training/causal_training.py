"""Trains a causal language model: from a corpus on disk to a run that says what comes next."""

import time

import keras
import numpy as np

from kerastc.data.tables.reading import Reading
from kerastc.inputs.causal.batches import CausalBatches, JudgedBatches
from kerastc.inputs.causal.parts import CausalParts
from kerastc.inputs.stream.parts import CorpusParts
from kerastc.models.awd_lstm import AwdLstm
from kerastc.models.causal_model import causal_model
from kerastc.outputs.vocabulary.frequency import NAME, by_frequency, most_frequent
from kerastc.run import Run
from kerastc.text.preparation import TextPreparation
from kerastc.training.baseline import Baseline
from kerastc.training.carrying import Carrying
from kerastc.training.fine_tuning import read_by
from kerastc.training.language_config import CausalConfig
from kerastc.training.task_training import TaskTraining, costs
from kerastc.training.trained import Trained


def train_causal_model(parts: CausalParts, config: CausalConfig, run: Run) -> Trained:
    """Fits an AWD-LSTM on a corpus, read in the order of its text.

    Args:
        parts: of the corpus.
        config: hyperparameters.
        run: gets history, checkpoints, model.keras, tokenizer and preprocessing.json.
    """
    keras.utils.set_random_seed(config.seed)
    train = CausalBatches(parts.stream, config.batch_size, config.bptt, config.seed)
    validation = JudgedBatches(parts.validation.rows)
    encoder = AwdLstm(parts.corpus.vocabulary, **config.layers, seed=config.seed, name="encoder")
    core = causal_model(encoder, config.seed)
    model = Carrying(core, config.batch_size, validation.batch_size)
    training = TaskTraining(config, parts.train.classes, run)
    choice, figures = training.fit(model, train, validation)
    answers = training.decoded(choice.outputs, validation)
    with run.writing("tokenizer") as path:
        parts.corpus.tokenizer.save(path)
    with run.writing("model.keras") as path:
        core.save(path)
    run.write_json("preprocessing.json", preprocessing(encoder, config))
    trainable = sum(int(np.prod(v.shape)) for v in core.trainable_weights)
    return Trained(
        validation=answers,
        test=[],
        figures=figures | {"trainable_parameters": trainable, **costs(core)},
        choice=choice,
        baseline=frequent_words(parts),
    )


def frequent_words(parts: CausalParts | CorpusParts) -> Baseline:
    """What is said by how frequent words are in the corpus, at the same places."""
    began = time.perf_counter()
    rows = parts.validation.rows
    best = rows.shown(most_frequent(parts.counts))
    said = by_frequency(list(rows.targets), parts.counts, best)
    seconds = round(time.perf_counter() - began, 3)
    figures = {"seconds": seconds, "predicting_seconds": 0.0, "parameters": len(parts.counts)}
    return Baseline(said, [], figures, NAME)


def preprocessing(encoder: AwdLstm, config: CausalConfig) -> dict:
    """The content of preprocessing.json."""
    windows = {
        "bptt": config.bptt,
        "columns": config.batch_size,
        "direction": config.direction,
        "state": encoder.state_size,
    }
    reading = {**read_by(encoder, config, TextPreparation(), Reading()), "backbone": "awd-lstm"}
    return {**reading, "windows": windows}
