"""What a search may do to a text model; see `kerastc.compress.space`."""

from collections.abc import Collection, Iterator
from typing import get_args

import keras

from kerastc.compress.places import places
from kerastc.compress.quantize import Quantize
from kerastc.compress.space import Axis
from kerastc.compress.text_task import TextTask
from kerastc.errors import UserError
from kerastc.models import compact, encoder_layer
from kerastc.models.low_rank import LowRankDense
from kerastc.text.restricted import is_restrictable
from kerastc.text.tokenizer import Tokenizer

KINDS = get_args(Quantize.model_fields["kind"].annotation)
WIDTH_SHARES = (2, 3, 4, 6)  # of the vectors' width is the rank of the table of tokens
# What was cut deeply learns better at twice the usual peak of the rate.
RECOVERY = "recover:epochs={},learning_rate=2e-4"

# "recover" as far as the user allows.
BEGINNINGS: tuple[dict[str, float], ...] = (
    {"quantize": 1},
    {"vocabulary": 1, "embedding": 2, "quantize": 1},
    {"vocabulary": 1, "embedding": 2, "recover": 9, "quantize": 1},
    {"vocabulary": 1, "embedding": 2, "layers": 0.3, "recover": 9, "quantize": 1},
    {"vocabulary": 1, "embedding": 2, "layers": 0.5, "recover": 9, "quantize": 1},
    {"vocabulary": 1, "embedding": 2, "neurons": 2, "recover": 9, "quantize": 1},
    {"vocabulary": 1, "embedding": 2, "recover": 9, "quantize": 3},
    {"vocabulary": 2, "embedding": 3, "layers": 0.5, "neurons": 2, "recover": 9, "quantize": 1},
)


def axes(model: keras.Model, task: TextTask, done: Collection[str]) -> Iterator[Axis]:
    """The axes before recovery; arguments as in `kerastc.compress.space.space`."""
    yield from _vocabulary(task.tokenizer, done)
    yield from _of_encoder(model, done)


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
    encoder = encoder_layer(model)
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
