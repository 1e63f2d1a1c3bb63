"""What a search may do to a model: axes of steps, from the gentlest to the harshest.

The order of the axes is that of the steps in a chain: what is cheap and takes little comes first,
so that many chains begin alike and share the models of their beginnings; what trains comes last,
over all that was cut. Zeros (prune) are left out: they make no LiteRT file smaller and none faster.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, get_args

import keras

from kerastc.compress.places import places
from kerastc.compress.quantize import Quantize
from kerastc.compress.restricted import is_restrictable
from kerastc.errors import UserError
from kerastc.models import compact
from kerastc.models.low_rank import LowRankDense
from kerastc.text.tokens import Tokenizer

if TYPE_CHECKING:
    import optuna

KINDS = get_args(Quantize.model_fields["kind"].annotation)
WIDTH_SHARES = (2, 3, 4, 6)  # of the vectors' width is the rank of the table of tokens
# The peak of the rate of a recovery. What was cut deeply learns better at twice the usual one.
RECOVERY = "learning_rate=2e-4"

# Chains to begin with, by axis, from nearly nothing lost to much. 0.5 is half of an axis, and an
# axis that is not named stays at its gentlest. "recover" as far as the user allows.
_FIRST: tuple[dict[str, float], ...] = (
    {"quantize": 1},
    {"vocabulary": 1, "embedding": 2, "quantize": 1},
    {"vocabulary": 1, "embedding": 2, "recover": 9, "quantize": 1},
    {"vocabulary": 1, "embedding": 2, "layers": 0.3, "recover": 9, "quantize": 1},
    {"vocabulary": 1, "embedding": 2, "layers": 0.5, "recover": 9, "quantize": 1},
    {"vocabulary": 1, "embedding": 2, "neurons": 2, "recover": 9, "quantize": 1},
    {"vocabulary": 1, "embedding": 2, "recover": 9, "quantize": 3},
    {"vocabulary": 2, "embedding": 3, "layers": 0.5, "neurons": 2, "recover": 9, "quantize": 1},
)


@dataclass(frozen=True)
class Axis:
    """Forms of one step.

    Args:
        name: for the study.
        words: a step as the command line takes it, the gentlest first; "" is none.
    """

    name: str
    words: tuple[str, ...]

    def at(self, place: float) -> int:
        """The index for a place of a chain to begin with: an index, or a share of the axis."""
        last = len(self.words) - 1
        return round(place * len(self.words)) if 0 < place < 1 else min(int(place), last)


@dataclass(frozen=True)
class Space:
    """Every chain that a search can try.

    Args:
        fixed: the steps with which all of them begin.
        axes: in the order of their steps.
    """

    fixed: tuple[str, ...]
    axes: tuple[Axis, ...]

    def draw(self, trial: "optuna.Trial") -> tuple[str, ...]:
        """The chain of a trial: what was enqueued with it, else what the sampler suggests."""
        # Whole numbers, not categories: the sampler shall know that the axes are in order.
        drawn = {a.name: trial.suggest_int(a.name, 0, len(a.words) - 1) for a in self.axes}
        return self.words(drawn)

    def words(self, drawn: Mapping[str, int]) -> tuple[str, ...]:
        """The steps of a chain.

        Args:
            drawn: an index for each axis.
        """
        chosen = (axis.words[drawn[axis.name]] for axis in self.axes)
        return (*self.fixed, *(word for word in chosen if word))

    @cached_property
    def first(self) -> list[dict[str, int]]:
        """Chains to begin with, an index for each axis; no two alike."""
        found = [
            {axis.name: axis.at(places.get(axis.name, 0)) for axis in self.axes}
            for places in _FIRST
        ]
        return [drawn for i, drawn in enumerate(found) if drawn not in found[:i]]

    @property
    def size(self) -> int:
        """How many chains there are."""
        return math.prod(len(axis.words) for axis in self.axes)

    def plan(self, draws: int) -> dict[int, dict[str, int]]:
        """By slot the chains to begin with, then empty ones: those are the sampler's."""
        return {slot: self.first[slot] if slot < len(self.first) else {} for slot in range(draws)}

    def as_dict(self) -> dict[str, list[str]]:
        """What defines a study, ready for JSON."""
        return {"fixed": list(self.fixed), **{a.name: list(a.words) for a in self.axes}}


def space(
    model: keras.Model,
    tokenizer: Tokenizer,
    fixed: Sequence[str],
    done: Collection[str],
    epochs: int,
) -> Space:
    """The chains that fit a model.

    Args:
        model: as the fixed steps leave it.
        tokenizer: of the model.
        fixed: steps with which each chain begins.
        done: all steps of the model, those of its ancestors and the fixed ones.
        epochs: of training that a chain may have.
    """
    axes = [
        *_vocabulary(tokenizer, done),
        *_of_encoder(model, done),
        Axis("recover", ("", *(f"recover:epochs={n + 1},{RECOVERY}" for n in range(epochs)))),
        Axis("quantize", tuple(f"quantize:{kind}" for kind in KINDS)),
    ]
    return Space(tuple(fixed), tuple(axis for axis in axes if len(axis.words) > 1))


def _vocabulary(tokenizer: Tokenizer, done: Collection[str]) -> Iterator[Axis]:
    if is_restrictable(tokenizer) and not any(word.startswith("vocabulary") for word in done):
        rarer = (f"vocabulary:min_count={count}" for count in (2, 3))
        yield Axis("vocabulary", ("vocabulary", *rarer))


def _of_encoder(model: keras.Model, done: Collection[str]) -> Iterator[Axis]:
    """The axes of an encoder whose parts can be replaced; none of another."""
    try:
        model = compact(model)
    except UserError:
        return
    encoder = model.get_layer("encoder")
    thin = any(isinstance(place.layer, LowRankDense) for place in places(model))
    if isinstance(encoder.tokens, keras.layers.Embedding):
        ranks = [encoder.width // share for share in WIDTH_SHARES]
        yield Axis("embedding", ("", *(f"low-rank:embedding={rank}" for rank in ranks)))
    if not any(word.startswith(("structured", "distill")) for word in done):
        fewer = range(1, len(encoder.blocks))
        yield Axis("layers", ("", *(f"structured:layers={count},epochs=0" for count in fewer)))
    if not thin and not any(word.startswith("structured") for word in done):
        shares = (0.25, 0.5, 0.75)
        yield Axis("neurons", ("", *(f"structured:neurons={s},epochs=0" for s in shares)))
    if not thin:
        energies = (0.95, 0.9, 0.8)
        yield Axis("kernels", ("", *(f"low-rank:energy={share}" for share in energies)))
