"""Distils an encoder: some of a teacher's layers learn what it says of the words of a corpus."""

import keras
import numpy as np

from kerastc.errors import UserError
from kerastc.inputs.stream.parts import CorpusParts
from kerastc.models import Encoder, encoder_layer
from kerastc.models.conversion import compact_encoder
from kerastc.models.dropout_seeds import seed_dropout
from kerastc.models.masked_model import head_weights, with_head
from kerastc.models.published_words import language_model
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
from kerastc.training.student import Student, lessons_of, require, student_of
from kerastc.training.task_training import TaskTraining, costs
from kerastc.training.trained import Trained
from kerastc.training.word_teacher import Taught, TaughtBatches


def distil_encoder(parts: CorpusParts, config: DistilConfig, run: Run) -> Trained:
    """Fits a student to masked windows of a corpus and to what its teacher says of them.

    Both have the tokens of the corpus alone, the student for good. What only the training needs,
    such as the projection of a narrower student's states, is not saved.

    Args:
        parts: of the corpus.
        config: hyperparameters.
        run: gets history, checkpoints, model.keras, tokenizer and preprocessing.json.

    Raises:
        UserError: the teacher is no masked language model, it can have no such student, its
            tokenizer is not that of the corpus, or as in `load_encoder`.
    """
    keras.utils.set_random_seed(config.seed)
    encoder = corpus_encoder(parts, "teacher", config.teacher, always=True)
    encoder.require(config.max_tokens)
    teacher = _teacher(encoder, config)
    train, validation = masked_batches(parts, encoder, config)
    student = student_of(teacher, config, train, parts.token_counts)
    seed_dropout(student.model, config.seed)
    _tell(student, teacher, encoder)
    lessons = lessons_of(teacher, config)
    if lessons.weights and config.epochs:
        train = TaughtBatches(train, lessons.observed(teacher, teacher=True))
    training = TaskTraining(config, parts.train.classes, run)
    choice, figures = fit(
        Taught(student.model, lessons, student.projection),
        train,
        validation,
        PlaceCrossEntropy(config.label_smoothing, config.hard),
        training.head.judge(training.output),
        config,
        run,
    )
    told = preprocessing(encoder, config) | {"layers": student.layers}
    save(student.model, encoder.tokenizer, told, run)
    trainable = sum(int(np.prod(v.shape)) for v in student.model.trainable_weights)
    return Trained(
        validation=training.decoded(choice.outputs, validation),
        test=[],
        figures=figures
        | {
            "max_tokens": config.max_tokens,
            "trainable_parameters": trainable,
            **costs(student.model),
        },
        choice=choice,
        baseline=frequent_words(parts),
        method=student.figures,
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
        model = with_head(layer, head_weights(model), encoder.segments)
    require(model, config)
    return model


def _tell(student: Student, teacher: keras.Model, encoder: Encoder) -> None:
    """Says how large the student is."""
    before = encoder.tokenizer if encoder.cut is None else encoder.cut.tokenizer
    layers, own = encoder_layer(teacher), encoder_layer(student.model)
    sizes = [f"layers {', '.join(map(str, student.layers))} of {len(layers.blocks)}"]
    if own.width < layers.width:
        sizes.append(f"{own.width} of {layers.width} dimensions")
    sizes.append(f"{encoder.tokenizer.vocabulary_size:,} of {before.vocabulary_size:,} tokens")
    if (columns := own.table().shape[1]) < own.width:
        sizes.append(f"a table of {columns} columns")
    tell(
        f"The student has {', '.join(sizes)}, and {student.model.count_params():,} parameters; "
        f"the teacher has {teacher.count_params():,}."
    )
