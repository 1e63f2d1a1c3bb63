"""What a search may do to an image model; see `kerastc.compress.space`."""

from collections.abc import Collection, Iterator

import keras

from kerastc.compress.channels import channels
from kerastc.compress.image_task import ImageTask
from kerastc.compress.places import places
from kerastc.compress.space import Axis
from kerastc.models.low_rank import LowRankConv2D

KINDS = ("float16", "int8", "int8-static")
RECOVERY = "recover:epochs={}"

# "recover" as far as the user allows: without it a network that lost channels is worth little.
BEGINNINGS: tuple[dict[str, float], ...] = (
    {"quantize": 1},
    {"quantize": 2},
    {"channels": 2, "recover": 99, "quantize": 1},
    {"channels": 4, "recover": 99, "quantize": 1},
    {"channels": 3, "recover": 99, "quantize": 2},
    {"kernels": 2, "recover": 99, "quantize": 1},
    {"channels": 1, "kernels": 1, "recover": 99, "quantize": 1},
)


def axes(model: keras.Model, task: ImageTask, done: Collection[str]) -> Iterator[Axis]:
    """The axes before recovery; arguments as in `kerastc.compress.space.space`."""
    if not any(word.startswith("structured") for word in done) and channels(model)[0]:
        shares = (0.125, 0.25, 0.375, 0.5, 0.625)
        yield Axis("channels", ("", *(f"structured:channels={s},epochs=0" for s in shares)))
    if not any(isinstance(place.layer, LowRankConv2D) for place in places(model)):
        energies = (0.95, 0.9, 0.8)
        yield Axis("kernels", ("", *(f"low-rank:energy={share}" for share in energies)))
