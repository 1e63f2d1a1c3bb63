"""Distils an encoder: some of a teacher's layers learn what it says of the words of a corpus."""

import keras
import numpy as np

from kerastc.errors import UserError
from kerastc.inputs.stream.parts import CorpusParts
from kerastc.models import Encoder, encoder_layer
from kerastc.models.conversion import compact_encoder
from kerastc.models.masked_model import WordHead, masked_model
from kerastc.models.published_words import language_model
from kerastc.models.sequence_classifier import seed_dropout
from kerastc.models.student import fewer_layers, kept_layers, require_layers
from kerastc.models.text_encoder import TextEncoder
from kerastc.outputs.vocabulary.losses import PlaceCrossEntropy
from kerastc.progress import tell
from kerastc.run import Run
from kerastc.training.fine_tuning import save
from kerastc.training.fit import fit
from kerastc.training.language_config import DistilConfig
from kerastc.training.language_model import (
    corpus_encoder,
    frequent_words,
    masked_batches,
    preprocessing,
)
from kerastc.training.task_training import TaskTraining, costs
from kerastc.training.trained import Trained
from kerastc.training.word_teacher import Taught, TaughtBatches, with_states


def distil_encoder(parts: CorpusParts, config: DistilConfig, run: Run) -> Trained:
    """Fits a student to masked windows of a corpus and to what its teacher says of them.

    Both have the tokens of the corpus alone, the student for good.

    Args:
        parts: of the corpus.
        config: hyperparameters.
        run: gets history, checkpoints, model.keras, tokenizer and preprocessing.json.

    Raises:
        UserError: the teacher is no masked language model, its layers are not those that are asked
            for, its tokenizer is not that of the corpus, or as in `load_encoder`.
    """
    keras.utils.set_random_seed(config.seed)
    encoder = corpus_encoder(parts, "teacher", config.teacher, always=True)
    encoder.require(config.max_tokens)
    teacher = _teacher(encoder, config)
    count = len(encoder_layer(teacher).blocks)
    kept = kept_layers(
        "distil-encoder",
        f"teacher={config.teacher}",
        count,
        config.layers or max(1, count // 2),
        config.keep,
    )
    student = fewer_layers(teacher, kept)
    seed_dropout(student, config.seed)
    before = encoder.tokenizer if encoder.cut is None else encoder.cut.tokenizer
    tell(
        f"The student has layers {', '.join(map(str, kept))} of {count}, "
        f"{encoder.tokenizer.vocabulary_size:,} of {before.vocabulary_size:,} tokens, and "
        f"{student.count_params():,} parameters."
    )
    train, validation = masked_batches(parts, encoder, config)
    training = TaskTraining(config, parts.train.classes, run)
    choice, figures = fit(
        Taught(student, config.soft, config.states, config.temperature),
        TaughtBatches(train, with_states(teacher)),
        validation,
        PlaceCrossEntropy(config.label_smoothing, config.hard),
        training.head.judge(training.output),
        config,
        run,
    )
    save(student, encoder.tokenizer, preprocessing(encoder, config) | {"layers": kept}, run)
    trainable = sum(int(np.prod(v.shape)) for v in student.trainable_weights)
    return Trained(
        validation=training.decoded(choice.outputs, validation),
        test=[],
        figures=figures
        | {"max_tokens": config.max_tokens, "trainable_parameters": trainable, **costs(student)},
        choice=choice,
        baseline=frequent_words(parts),
    )


def _teacher(encoder: Encoder, config: DistilConfig) -> keras.Model:
    """The teacher with its own head, of parts that a student can have some of."""
    model, own = language_model(encoder, config.seed)
    if not own:
        raise UserError(
            f"teacher={config.teacher} says no words: it has no masked head to learn from.",
            f"Train one: kerastc train language-model corpus={config.corpus} "
            f"backbone={config.teacher} trainable=head, and give that run as teacher.",
        )
    layer = encoder.layer
    if isinstance(layer, TextEncoder):
        layer = compact_encoder(layer, encoder.segments)
        model = masked_model(layer, WordHead.of(model), encoder.segments)
    require_layers(model, "distil-encoder")
    return model
