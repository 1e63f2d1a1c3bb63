"""The student of a distillation as its training begins: what it has of its teacher."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from kerastc.errors import UserError
from kerastc.inputs.stream.batches import StreamBatches
from kerastc.models.factors import Spectrum, factors, matrix, with_narrow_table
from kerastc.models.layer_paths import replace, replaceable_layers
from kerastc.models.parts import encoder_layer
from kerastc.models.smaller import (
    dimensions,
    fewer_layers,
    kept_layers,
    narrower,
    require_layers,
    require_width,
)
from kerastc.models.transformer_block import TransformerBlock
from kerastc.models.untrained import forget
from kerastc.progress import tell
from kerastc.training.batching import Around
from kerastc.training.calibration import second_moments
from kerastc.training.language_config import DistilConfig
from kerastc.training.word_teacher import Lessons

NAME = "distil-encoder"
CALIBRATION = 512  # windows on which the inputs of layers are measured


@dataclass(frozen=True, eq=False)
class Student:
    """A student, before it has learned anything.

    Args:
        model: a `masked_model`.
        layers: of the teacher that it has.
        projection: as in `Taught`.
        figures: of its layers of low rank, for metrics.json.
    """

    model: keras.Model
    layers: list[int]
    projection: np.ndarray | None
    figures: dict[str, Any]


def student_of(
    teacher: keras.Model, config: DistilConfig, batches: StreamBatches, counts: np.ndarray
) -> Student:
    """The student that the settings describe.

    Args:
        teacher: a `masked_model` of a compact encoder; left unchanged.
        config: the settings; see `require`.
        batches: of windows, some of which show what a table and layers of low rank will read.
        counts: (vocabulary of the corpus,) int, how often it has each of its tokens.
    """
    shown = _First(batches, CALIBRATION // config.batch_size)
    kept = layers_of(teacher, config)
    model, projection, figures = fewer_layers(teacher, kept), None, {}
    if config.width is not None:
        model, projection = narrower(model, config.width), _projection(teacher, config)
    if config.table_width is not None:
        rows = len(encoder_layer(model).table())
        model = with_narrow_table(model, config.table_width, _read(shown, counts, rows))
    if config.rank is not None or config.energy is not None:
        model, figures = _of_low_rank(model, config, shown)
    if config.start == "random":
        forget(model, config.seed)
    return Student(model, kept, projection, figures)


def layers_of(teacher: keras.Model, config: DistilConfig) -> list[int]:
    """The teacher's layers that a student has.

    Raises:
        UserError: there are no such layers.
    """
    count = len(encoder_layer(teacher).blocks)
    layers = config.layers or max(1, count // 2)
    return kept_layers(NAME, f"teacher={config.teacher}", count, layers, config.keep)


def require(teacher: keras.Model, config: DistilConfig) -> None:
    """Raises a `UserError` if a teacher can have no such student."""
    require_layers(teacher, NAME)
    layers_of(teacher, config)
    encoder = encoder_layer(teacher)
    if config.width is not None:
        require_width(teacher, config.width, NAME)
    if config.table_width is not None:
        if not isinstance(encoder.tokens, keras.layers.Embedding) or encoder.expansion is not None:
            raise UserError(
                f"{NAME}: the table of teacher={config.teacher} is narrower than its layers "
                "already.",
                "Leave out table_width=; the student has the teacher's.",
            )
        width = config.width or encoder.width
        if config.table_width >= width:
            raise UserError(
                f"{NAME}: table_width={config.table_width}, but the student is {width} wide.",
                f"Give less than {width}, such as table_width={max(1, width // 4)}.",
            )
    lessons_of(teacher, config)


def lessons_of(teacher: keras.Model, config: DistilConfig) -> Lessons:
    """What a student learns from a teacher.

    Raises:
        UserError: they have no such states, or heads that cannot be compared.
    """
    kept = layers_of(teacher, config)
    blocks, mine = encoder_layer(teacher).blocks, len(kept)
    theirs = len(blocks)
    for one, other in config.hidden_layers:
        if one > mine or other > theirs:
            raise UserError(
                f"{NAME}: hidden_layers has the pair [{one},{other}]: the student's states are 0 "
                f"to {mine}, the teacher's 0 to {theirs}; 0 are the embeddings."
            )
    pairs = config.hidden_layers or [(j, j * theirs // mine) for j in range(mine + 1)]
    block = theirs - 1 if config.relation_layer is None else config.relation_layer
    if block >= theirs:
        raise UserError(
            f"{NAME}: relation_layer={block}, but teacher={config.teacher} has {theirs} layers "
            f"(0 to {theirs - 1})."
        )
    heads = 1
    if config.relations:
        heads = _heads(blocks[kept[-1]], blocks[block], config.relation_heads)
    return Lessons(
        layers=(mine, theirs),
        temperature=config.temperature,
        soft=config.soft,
        states=config.states,
        hidden=config.hidden,
        pairs=pairs,
        relations=config.relations,
        block=block,
        heads=heads,
        attention=config.relation_heads is None,
    )


def _heads(student: TransformerBlock, teacher: TransformerBlock, asked: int | None) -> int:
    """Into how many heads both are divided for their relations."""
    if asked is None:
        if student.heads != teacher.heads:
            raise UserError(
                f"{NAME}: the student's last layer has {student.heads} heads, the teacher's "
                f"{teacher.heads}: their attention cannot be compared one by one.",
                "Give relation_heads=, into which both are divided.",
            )
        return teacher.heads
    for part in ("query", "value"):
        for block in (student, teacher):
            width = getattr(block, part).units
            if width % asked:
                fitting = [n for n in range(1, width + 1) if width % n == 0]
                raise UserError(
                    f"{NAME}: relation_heads={asked} does not divide the {width} dimensions of a "
                    "layer's heads.",
                    f"Give a divisor, such as {min(fitting, key=lambda n: abs(n - asked))}.",
                )
    return asked


def _projection(teacher: keras.Model, config: DistilConfig) -> np.ndarray:
    """From the student's dimensions to the teacher's: each to the one it comes from."""
    width = encoder_layer(teacher).width
    if config.start == "random":
        random = np.random.default_rng([config.seed, 2])
        drawn = random.standard_normal((config.width, width), np.float32)
        return drawn / np.float32(np.sqrt(config.width))
    kept = dimensions(teacher, config.width)
    return (kept[:, None] == np.arange(width)).astype(np.float32)


def _read(shown: "_First", counts: np.ndarray, rows: int) -> np.ndarray:
    """How often each of the model's tokens is read, (rows,) float, each at least once.

    The corpus has no special tokens and no masks: how many there are to a token is counted in some
    windows.
    """
    of_corpus = np.bincount(shown.batches.number, counts, rows)
    seen = np.zeros(rows)
    for index in range(len(shown)):
        inputs, _ = shown[index]
        seen += np.bincount(inputs["token_ids"][inputs["padding_mask"] > 0], minlength=rows)
    own = of_corpus == 0
    return of_corpus + own * seen * (of_corpus.sum() / seen[~own].sum()) + 1


def _of_low_rank(
    model: keras.Model, config: DistilConfig, shown: "_First"
) -> tuple[keras.Model, dict[str, Any]]:
    """The model with two thin matrices for the kernels of its blocks, and what they cost."""
    every = replaceable_layers(model)
    found = [
        one
        for one in every
        if isinstance(one.owner, TransformerBlock) and isinstance(one.layer, keras.layers.Dense)
    ]
    moments = second_moments(model, found, shown)
    spectra = {one.path: Spectrum.of(matrix(one.layer), moments[one.path]) for one in found}
    ranks = {
        path: min(config.rank, *spectrum.shape)
        if config.rank is not None
        else spectrum.rank_for(config.energy)
        for path, spectrum in spectra.items()
    }
    low = factors(found, spectra, ranks)
    if not low.made:
        given = f"rank={config.rank}" if config.rank is not None else f"energy={config.energy:g}"
        tell(f"{given} makes no layer smaller: all stay as they are.")
    figures = {
        "ranks": {path: ranks[path] for path in low.made},
        "output_energy_lost": dict(low.lost),
        "kept_as_they_were": low.kept,
    }
    return replace(model, low.made), figures


class _First(Around):
    """The first of some batches."""

    def __init__(self, batches: StreamBatches, count: int):
        super().__init__(batches)
        self.count = min(max(count, 1), len(batches))

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int):
        return self.batches[index]
