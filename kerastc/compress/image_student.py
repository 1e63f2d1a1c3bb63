"""A smaller image classifier of random weights, for distillation."""

import keras

from kerastc.compress.task import Task
from kerastc.errors import UserError
from kerastc.training.images import build_classifier


def image_student(
    model: keras.Model,
    task: Task,
    architecture: str = "",
    width: float | None = None,
    depth: int | None = None,
    seed: int = 0,
) -> keras.Model:
    """A classifier of the run's images; what is not given is as the run was trained.

    Args:
        model: the one that it shall be smaller than.
        task: of an image run; its preprocessing is that of the student afterwards.
        architecture, width, depth: as in `kerastc.models.image_classifier`.
        seed: of its weights.

    Raises:
        UserError: where it is no smaller, or could not be built.
    """
    given = {"architecture": architecture, "width": width, "depth": depth}
    given = {name: value for name, value in given.items() if value}
    if "architecture" in given:
        given.setdefault("depth", 0)  # the usual one of the other architecture
    config = task.config.model_copy(update=given | {"seed": seed})
    student = build_classifier(task.splits, config)
    if student.count_params() >= model.count_params():
        named = ", ".join(f"{name}={value}" for name, value in given.items())
        raise UserError(
            f"distill: a student of {named} has {student.count_params():,} parameters, the model "
            f"{model.count_params():,}.",
            f"Give a smaller width; the run was trained at width={task.config.width:g}.",
        )
    task.preprocessing = task.preprocessing | {"architecture": config.architecture}
    return student
