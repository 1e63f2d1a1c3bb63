"""Settings for teaching a model by a previously trained one."""

from dataclasses import dataclass

OWN = "own"  # the unlabelled examples in a run's own training part


@dataclass(frozen=True)
class Teaching:
    """A training with a teacher.

    Args:
        temperature: of teacher and student in the soft part of the loss.
        soft, hard: weights of the teacher's answers and of the labels.
        unlabelled: examples that only the teacher labels: a file of them, or `OWN`; empty: none.
        augment: examples made for each training example, also labelled by the teacher.
        masking: share of the student's tokens; None: as the run was trained.
        seed: of all draws.
    """

    temperature: float = 2.0
    soft: float = 1.0
    hard: float = 0.5
    unlabelled: str = ""
    augment: int = 0
    masking: float | None = None
    seed: int = 0
