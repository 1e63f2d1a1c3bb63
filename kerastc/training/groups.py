"""Groups of a model's variables: each with its own rate, decay or none, and time to unfreeze."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from posixpath import commonpath
from typing import TYPE_CHECKING

import keras

from kerastc.errors import UserError
from kerastc.models import encoder_layer
from kerastc.training.variable_names import model_variables

if TYPE_CHECKING:
    from kerastc.training.config import FineTuningConfig


@dataclass(frozen=True)
class Group:
    """Variables that are trained alike.

    Args:
        variables: a regular expression that matches their names, as given by
            `kerastc.training.variable_names.model_variables`.
        rate: factor of the learning rate, and with it of the weight decay.
        decay: whether weight decay applies to those eligible; see `optimizer.decays`.
        thaw: updates of the training until they are unfrozen.
    """

    variables: str
    rate: float = 1.0
    decay: bool = True
    thaw: int = 0


def partition(groups: Sequence[Group], names: Sequence[str]) -> list[Group]:
    """The group of each name: the first whose expression is found in it.

    Raises:
        ValueError: for a name in no group.
    """
    found = []
    for name in names:
        group = next((group for group in groups if re.search(group.variables, name)), None)
        if group is None:
            raise ValueError(f"{name} is in none of the groups")
        found.append(group)
    return found


def layer_groups(
    model: keras.Model, config: "FineTuningConfig", batches_per_epoch: int
) -> tuple[Group, ...]:
    """The groups of a text model by its layers, for `rate_decay`, `head_rate` and `unfreeze`.

    From the top: the layers after the encoder, each of its blocks, its embeddings. The rate of a
    group is that of the one above it divided by `rate_decay` (Howard and Ruder 2018, section 3.2);
    the first, which begins with random weights, has `head_rate` times as much.
    With gradual unfreezing the first is trained alone for an epoch; each epoch thaws one more
    group, until all are trained (section 3.4).

    Args:
        model: with an encoder, some of which is trained; or a head alone.
        config: the settings.
        batches_per_epoch: of the training.

    Returns:
        none if the settings ask for none.

    Raises:
        UserError: if the epochs end before every group has thawed.
    """
    if config.rate_decay == config.head_rate == 1 and config.unfreeze == "none":
        return ()
    if config.trainable == "head":
        return (Group("", rate=config.head_rate),)
    patterns = _layers(model)
    if config.unfreeze == "gradual" and config.epochs < len(patterns):
        raise UserError(
            f"unfreeze=gradual thaws one of {len(patterns)} groups of layers per epoch, and "
            f"epochs={config.epochs} end before the last.",
            f"Give epochs={len(patterns)} or more, or train fewer layers, such as trainable=top_1.",
        )
    every = batches_per_epoch if config.unfreeze == "gradual" else 0
    return tuple(
        Group(
            pattern,
            rate=config.rate_decay**-depth * (1.0 if depth else config.head_rate),
            # An update that begins before the end of an epoch does not count in part.
            thaw=-(-every * depth // config.accumulation),
        )
        for depth, pattern in enumerate(patterns)
    )


def head_first(model: keras.Model, updates: int) -> tuple[Group, ...]:
    """Groups by which the layers behind an encoder are trained alone, and then all are.

    Args:
        model: with an encoder.
        updates: until the encoder thaws; 0: no groups.
    """
    if not updates:
        return ()
    names = {id(variable): name for name, variable in model_variables(model).items()}
    inside = _prefix(names, encoder_layer(model))
    return Group(f"^(?!{inside})"), Group(f"^{inside}", thaw=updates)


def _layers(model: keras.Model) -> list[str]:
    """An expression for each group of layers that has something to train, from the top."""
    encoder = encoder_layer(model)
    names = {id(variable): name for name, variable in model_variables(model).items()}
    inside = _prefix(names, encoder)
    blocks = [block for block in reversed(encoder.blocks) if block.trainable_variables]
    patterns = [f"^(?!{inside})", *(f"^{_prefix(names, block)}" for block in blocks)]
    of_blocks = {id(variable) for block in blocks for variable in block.trainable_variables}
    rest = any(id(variable) not in of_blocks for variable in encoder.trainable_variables)
    return patterns + [f"^{inside}"] * rest


def _prefix(names: dict[int, str], layer: keras.layers.Layer) -> str:
    """The unique prefix of the names of a layer's variables, for a regular expression."""
    own = [names[id(variable)] for variable in layer.variables if id(variable) in names]
    return re.escape(commonpath(own) + "/")
