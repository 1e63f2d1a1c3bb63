"""Compares the recipe and versions that a run began with to those of now."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from kerastc import recipe, settings, trust
from kerastc.environment import changed_versions
from kerastc.errors import UserError
from kerastc.processes.place import here
from kerastc.progress import tell
from kerastc.recipe import Recipe
from kerastc.run import Run

HINT = (
    "Restore them, start a new run, or continue anyway: add --despite-changes "
    "(the run then records it)."
)


def check(run: Run, script: Recipe, despite_changes: bool) -> None:
    """Compares recipe and versions with those that a stopped run began with.

    If they differ and the user has agreed, `resumed_despite` in the run's environment.json lists
    the differences.

    Raises:
        UserError: if the figures could differ and the user has not agreed.
    """
    if not run.path("environment.json").is_file():  # it was stopped before any work
        return
    before = run.read_json("environment.json")
    differences = [
        *_of_recipe(run, script),
        *changed_versions(before.get("versions", {}), before.get("backend", "")),
        *_of_processes(before),
    ]
    if not differences:
        return
    told = f"Since {run.folder} began, {', '.join(differences)}"
    if not despite_changes:
        raise UserError(f"{told}: its figures would differ.", HINT)
    tell(f"{told}; its figures may differ from those without the change.")
    earlier = before.get("resumed_despite", [])
    kept = list(dict.fromkeys([*earlier, *differences]))
    run.write_json("environment.json", before | {"resumed_despite": kept})


def settings_of(run: Run, config_class: type[settings.Config]) -> settings.Config:
    """A run's settings, as its recipe accepts them now.

    Raises:
        UserError: if the recipe has changed and no longer accepts them.
    """
    try:
        return settings.validate(config_class, run.config["config"])
    except UserError as error:
        raise UserError(
            f"{run.folder} has settings that its recipe no longer accepts: {error.message}",
            "Restore the recipe, or start a new run.",
        ) from None


def differences(run: Run) -> list[str]:
    """The changes in a stopped run's recipe and versions, as far as they can be determined."""
    found = []
    with suppress(UserError):  # a missing recipe or broken files
        found += _of_recipe(run, recipe.find(str(run.config["recipe"])))
    with suppress(UserError, KeyError):
        if run.path("environment.json").is_file():
            before = run.read_json("environment.json")
            found += changed_versions(before.get("versions", {}), before.get("backend", ""))
    return found


def check_parent(parent: Run, script: Recipe, despite_changes: bool) -> list[str]:
    """Compares with the recipe and versions of a run, before another is made from it.

    Other versions are reported but accepted: the child has its own environment.json.

    Returns:
        the entry `despite` for config.json of the child: how the recipe differs.

    Raises:
        UserError: if the recipe, which reads the data, has changed and the user has not agreed.
    """
    differences = _of_recipe(parent, script)
    if differences and not despite_changes:
        raise UserError(
            f"Since {parent.folder} was made, {differences[0]}: a child could not be "
            "compared with it.",
            "Restore the recipe, or continue anyway: add --despite-changes (the "
            "new run then records it).",
        )
    versions = []
    if parent.path("environment.json").is_file():
        before = parent.read_json("environment.json")
        versions = changed_versions(before.get("versions", {}), before.get("backend", ""))
    if told := [*differences, *versions]:
        tell(f"Since {parent.folder} was made, {', '.join(told)}.")
    return differences


def _of_processes(before: Mapping[str, Any]) -> list[str]:
    """Another number of processes adds the rows of a batch up in another order."""
    then, now = before.get("processes", 1), here().count
    return [] if then == now else [f"--processes {then} became --processes {now}"]


def _of_recipe(run: Run, script: Recipe) -> list[str]:
    before = run.config.get("recipe_sha256")
    if before in (None, trust.digest(script)):
        return []
    return [f"the recipe {run.config['recipe']} has changed"]
