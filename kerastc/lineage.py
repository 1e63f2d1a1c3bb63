"""Child runs: which checkpoint of which run they start from, and what they may change."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerastc import locations, manifest, parents, provenance, recipe, settings
from kerastc.errors import UserError
from kerastc.run import Run


@dataclass(frozen=True)
class Origin:
    """The starting point of a child.

    Args:
        run: the parent.
        checkpoint: one of its checkpoints.
        step: the training step of that checkpoint.
    """

    run: Run
    checkpoint: Path
    step: int

    def as_dict(self, child: Path) -> dict[str, Any]:
        """The entry in the config.json of a child in that folder."""
        place = parents.parent_entry(self.run.folder, child)
        return place | {"checkpoint": self.checkpoint.name, "step": self.step}

    def child_config(
        self, script: recipe.Recipe, config_class: type[settings.Config], overrides: Sequence[str]
    ) -> settings.Config:
        """The parent's hyperparameters with the overrides.

        Raises:
            UserError: for another recipe, and for a field that a child cannot change.
        """
        theirs = self.run.config["recipe"]
        if not recipe.same(script, theirs):
            raise UserError(f"{self.run.folder} is a run of {theirs}, not of {script.name}.")
        before = self.run.config["config"]
        old = settings.flat(provenance.settings_of(self.run, config_class))
        config = settings.configure(config_class, overrides, before)
        changeable = getattr(config_class, "changeable", ())
        for key, value in settings.flat(config).items():
            # Settings that come with another method are covered by the field that chooses it.
            same = key not in old or value == old[key]
            fixed = not same and key.split(".")[0] not in changeable
            if fixed and not locations.same(self.run, key, value):
                raise UserError(
                    f"A child run keeps {key}={old[key]} of {self.run.folder}: data, network and "
                    f"order of the batches stay as they were. {key}={value} is not possible.",
                    f"A child may change: {', '.join(changeable) or 'nothing in this recipe'}.",
                )
        return config

    def backend(self, given: str | None) -> str:
        """The parent's backend, the only one that can use its checkpoint."""
        before = self.run.read_json("environment.json")["backend"]
        if given not in (None, before):
            raise UserError(
                f"{self.run.folder} was trained on {before}; its checkpoints do not fit {given}.",
                "Leave --backend out.",
            )
        return before


def origin(path: Path) -> Origin:
    """Reads what the user named: a run (for its last checkpoint), or a checkpoint file.

    Raises:
        UserError: if the run is not finished, or has no such checkpoint; it lists those that
            exist.
    """
    folder = path.parent.parent if path.suffix == ".npz" else path
    run = Run.open(folder)
    if (run.config.get("config") or {}).get("folds"):
        raise UserError(
            f"{run.folder} is cross-validated: its figures are of the models of its folds, and no "
            "row is left to measure a child on.",
            "Train again with the changed settings: kerastc train, folds= and those.",
        )
    found = run.checkpoints()
    if not found:
        raise UserError(
            f"{run.folder} has no checkpoint: it is {run.standing()}.",
            "Give a run from kerastc train that still has its checkpoints/."
            if run.finished
            else run.how_to_go_on,
        )
    if not run.finished:
        raise UserError(
            f"{run.folder} is not finished ({run.standing()}): a child is compared with its "
            "parent's final figures.",
            run.how_to_go_on,
        )
    steps = {file.resolve(): step for step, file in found.items()}
    if path.suffix != ".npz":
        path = found[max(found)]
    if path.resolve() not in steps:
        there = ", ".join(str(found[step]) for step in sorted(found))
        raise UserError(f"There is no checkpoint {path}.", f"There are: {there}.")
    manifest.verify(run.folder, f"checkpoints/{path.name}")
    return Origin(run, path, steps[path.resolve()])
