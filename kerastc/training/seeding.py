"""Makes a training draw from its seed alone."""

import keras


def seed_all(model: keras.Model, seed: int) -> None:
    """Makes all later draws the same, wherever the model came from.

    Dropout keeps its own seed in the model: it is drawn when the layer is made or read from a file,
    and advances with every batch.
    """
    keras.utils.set_random_seed(seed)
    states = (v for v in model.variables if v.name == "seed_generator_state")
    for number, state in enumerate(states):
        state.assign([seed + number, 0])
