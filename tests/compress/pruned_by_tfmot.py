"""Prunes a dense network with TF-MOT under tf_keras; run as a script, for it needs its own process.

    python pruned_by_tfmot.py CASES.json OUT.npz

CASES.json has "schedules": [[class, arguments], ...] and "trainings": {name: {...}}.
"""

import json
import os
import sys
from pathlib import Path

if __name__ == "__main__":  # not in the process of a test that takes its network from here
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    os.environ["KERAS_BACKEND"] = "tensorflow"

STEPS = 40


def network_weights():
    """Kernels and biases of an 8-12-4 network."""
    import numpy as np

    random = np.random.default_rng(1)
    shapes = [(8, 12), (12,), (12, 4), (4,)]
    return [random.normal(0, 0.4, shape).astype("float32") for shape in shapes]


def rows():
    """48 inputs and targets."""
    import numpy as np

    random = np.random.default_rng(2)
    inputs = random.normal(size=(48, 8)).astype("float32")
    return inputs, np.eye(4, dtype="float32")[inputs[:, :4].argmax(axis=1)]


def train(keras, model, optimizer, callbacks):
    """Three epochs of six batches, in order, on either Keras."""
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    rate = {"SGD": 0.5, "Adam": 0.02}[optimizer]
    model.compile(getattr(keras.optimizers, optimizer)(rate), loss)
    model.fit(*rows(), batch_size=8, epochs=3, shuffle=False, verbose=0, callbacks=callbacks)


def theirs(case):
    import tensorflow_model_optimization as tfmot
    import tf_keras

    sparsity = tfmot.sparsity.keras
    name, arguments = case["schedule"]
    model = tf_keras.Sequential(
        [
            tf_keras.layers.Dense(12, activation="relu", input_shape=(8,)),
            tf_keras.layers.Dense(4),
        ]
    )
    model.set_weights(network_weights())
    options = {"block_size": tuple(case["block"])}
    if case["group"]:
        options["sparsity_m_by_n"] = tuple(case["group"])
    pruned = sparsity.prune_low_magnitude(model, getattr(sparsity, name)(**arguments), **options)
    train(tf_keras, pruned, case["optimizer"], [sparsity.UpdatePruningStep()])
    return sparsity.strip_pruning(pruned).get_weights()


def ours_with_their_schedule(case):
    """Keras 3 in the same process."""
    import keras
    import tensorflow_model_optimization as tfmot

    from kerastc.compress.masks.callback import Pruning
    from kerastc.compress.masks.magnitude import magnitude_masks

    name, arguments = case["schedule"]
    schedule = getattr(tfmot.sparsity.keras, name)(**arguments)
    model = keras.Sequential(
        [keras.Input((8,)), keras.layers.Dense(12, activation="relu"), keras.layers.Dense(4)]
    )
    model.set_weights(network_weights())
    train(keras, model, case["optimizer"], [Pruning(schedule, magnitude_masks)])
    return model.get_weights()


def main(cases: Path, out: Path) -> None:
    import numpy as np
    import tensorflow_model_optimization as tfmot

    asked = json.loads(cases.read_text())
    found = {}
    for i, (name, arguments) in enumerate(asked["schedules"]):
        schedule = getattr(tfmot.sparsity.keras, name)(**arguments)
        found[f"schedule_{i}"] = [list(map(float, schedule(step))) for step in range(STEPS)]
    for name, case in asked["trainings"].items():
        for i, array in enumerate(theirs(case)):
            found[f"{name}_{i}"] = array
    for i, array in enumerate(ours_with_their_schedule(asked["trainings"]["polynomial"])):
        found[f"own_{i}"] = array
    np.savez(out, **found)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
