"""Where the dropout of a model begins: the states of its generators, in a stable order."""

import keras
import numpy as np


def seed_generators(model: keras.Model) -> list[keras.random.SeedGenerator]:
    """The random states of a model's dropout layers, in a stable order."""
    found = [getattr(layer, "seed_generator", None) for layer in model._flatten_layers()]
    return [generator for generator in found if generator is not None]


def seed_dropout(model: keras.Model, seed: int) -> None:
    """Starts every dropout of the model, the backbone's included, at a state set by `seed`."""
    generators = seed_generators(model)
    # Half of the range fits the signed integers that some backends keep the state in.
    starts = np.random.SeedSequence([seed, 1]).generate_state(len(generators)) >> 1
    for generator, start in zip(generators, starts, strict=True):
        generator.state.assign(np.array([start, 0], "int32"))
