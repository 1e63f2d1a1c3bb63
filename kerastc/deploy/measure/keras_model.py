"""A run's Keras model among those that a benchmark measures.

Its signature is not in a file: it is made from the run.
"""

from kerastc.deploy.signature import Signature, digest, size
from kerastc.run import Run
from kerastc.tasks import task_of

FORMAT = "keras"
FILE = "model.keras"


def signature_of(run: Run) -> Signature:
    """What a benchmark needs to know of a run's Keras model; parameters are told once it is loaded.

    Raises:
        UserError: the run lacks a part, or a part is broken.
    """
    task = task_of(run)
    path = run.required(FILE)
    settings = run.read_json("preprocessing.json")
    folder = run.required(task.input.folder) if task.input.folder else None
    return Signature(
        format=FORMAT,
        file=FILE,
        sha256=digest(path),
        bytes=size(path),
        task=task.name,
        inputs=task.input.read(settings, folder).tensors(None),
        outputs=task.output(run.classes).tensors(None),
        classes=run.classes,
        preprocessing=settings,
        tokenizer=task.input.folder,
        quantization="float32",
        parameters=0,
        folder=run.folder,
    )
