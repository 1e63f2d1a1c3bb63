"""An image run as training leaves it, with a tiny random network and no training."""

from pathlib import Path

import numpy as np

from kerastc.inputs.image.kept import write_images
from kerastc.outputs.classes.predictions import write_predictions
from kerastc.run import Run
from kerastc.scores.softmax import softmax

SHAPE = (8, 8, 1)
CLASSES = ("dots", "lines", "planes")
ROWS = {"validation": 40, "test": 30}
PREPROCESSING = {"task": "image-classification", "shape": list(SHAPE), "architecture": "cnn"}


def images(part: str) -> np.ndarray:
    """Images of all shades, uint8: noise over planes of one brightness each."""
    random = np.random.default_rng(list(ROWS).index(part))
    planes = random.integers(0, 256, (ROWS[part], 1, 1, 1))
    noise = random.normal(0, random.integers(1, 90, planes.shape), (ROWS[part], *SHAPE))
    return (planes + noise).clip(0, 255).astype(np.uint8)


def write_run(folder: Path) -> Run:
    """Writes the run; a quarter of its labels are other classes than the model says."""
    from kerastc.models.image_classifier import image_classifier
    from kerastc.training.images import save

    model = image_classifier(SHAPE, len(CLASSES), "cnn", width=0.1, depth=1)
    kept = {part: images(part) for part in ROWS}
    # A head whose logits are as large as a trained one's, and that says each class now and then.
    head = model.get_layer("classifier")
    kernel = np.random.default_rng(0).normal(size=head.kernel.shape)
    head.set_weights([kernel, np.zeros(len(CLASSES))])
    logits = np.asarray(model.predict_on_batch(kept["validation"].astype("float32")))
    scale = 3 / logits.std(axis=0)
    head.set_weights([kernel * scale, -logits.mean(axis=0) * scale])
    run = Run.create(folder, {"recipe": "images", "config": {}, "command": "kerastc train images"})
    save(model, PREPROCESSING, run)
    run.write_text("labels.txt", "".join(f"{name}\n" for name in CLASSES))
    run.path("predictions").mkdir()
    for part, pixels in kept.items():
        found = softmax(np.asarray(model.predict_on_batch(pixels.astype("float32"))))
        labels = (found.argmax(1) + (np.arange(len(pixels)) % 4 == 0)) % len(CLASSES)
        names = [f"{part} {row}" for row in range(len(pixels))]
        path = run.path("predictions", f"{part}.csv")
        write_predictions(path, names, labels, found, CLASSES, ["image"])
    write_images(run, kept, {part: [] for part in ROWS})
    return run
