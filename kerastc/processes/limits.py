"""What several processes can train together, and what they cannot."""

from kerastc.errors import UserError
from kerastc.processes.place import here
from kerastc.settings import Config


def require_jax(count: int, backend: str) -> None:
    """Refuses the backends on which Keras divides no training.

    Raises:
        UserError: naming what is possible there.
    """
    if count > 1 and backend != "jax":
        raise UserError(
            f"{count} processes can share a training on JAX alone; the backend is {backend}.",
            f"Add --backend jax, or leave --processes out: on {backend} one process trains, with "
            "all cores.",
        )


def require(config: Config, backend: str) -> None:
    """Refuses a training that cannot be shared by so many processes as there are.

    Raises:
        UserError: naming the setting.
    """
    place = here()
    if place.alone:
        return
    require_jax(place.count, backend)
    if not getattr(config, "shared", False):
        raise UserError(
            f"{config.called[0].upper()}{config.called[1:]} is trained by one process.",
            "Several share the trainings of language-model and distil-encoder. Trials of a sweep "
            "are shared on every backend: give kerastc sweep in each process.",
        )
    if place.layout == "data" and config.batch_size % place.devices:
        size, parts = config.batch_size, place.devices
        raise UserError(
            f"batch_size={size} cannot be divided between {parts} "
            f"{'processes' if parts == place.count else 'devices'}.",
            f"Give batch_size={-(-size // parts) * parts}, or --processes "
            f"{max(n for n in range(1, min(parts, size) + 1) if size % n == 0)}.",
        )
