"""What a run began with, recipe and versions, compared with what there is now."""

from contextlib import suppress

from kerastc import recipe, settings, trust
from kerastc.environment import changed_versions
from kerastc.errors import UserError
from kerastc.progress import tell
from kerastc.recipe import Recipe
from kerastc.run import Run

HINT = (
    "Put back what was there, start a new run, or go on in spite of it: add --despite-changes "
    "(the run then says so)."
)


def check(run: Run, script: Recipe, despite_changes: bool) -> None:
    """Compares recipe and versions with those that a stopped run began with.

    Where they differ and the user has agreed, `resumed_despite` of the run's environment.json says
    what differed.

    Raises:
        UserError: where the figures could be others and the user has not agreed.
    """
    if not run.path("environment.json").is_file():  # it was stopped before any work
        return
    before = run.read_json("environment.json")
    differences = [
        *_of_recipe(run, script),
        *changed_versions(before.get("versions", {}), before.get("backend", "")),
    ]
    if not differences:
        return
    told = f"Since {run.folder} began, {', '.join(differences)}"
    if not despite_changes:
        raise UserError(f"{told}: it would come to other figures.", HINT)
    tell(f"{told}; its figures may be others than without that.")
    earlier = before.get("resumed_despite", [])
    kept = list(dict.fromkeys([*earlier, *differences]))
    run.write_json("environment.json", before | {"resumed_despite": kept})


def settings_of(run: Run, config_class: type[settings.Config]) -> settings.Config:
    """A run's settings, as its recipe takes them now.

    Raises:
        UserError: where the recipe has changed so that it takes them no longer.
    """
    try:
        return settings.validate(config_class, run.config["config"])
    except UserError as error:
        raise UserError(
            f"{run.folder} has settings that its recipe no longer takes: {error.message}",
            "Put the recipe back as it was, or start a new run.",
        ) from None


def differences(run: Run) -> list[str]:
    """What of a stopped run's recipe and versions has changed, as far as can be told."""
    found = []
    with suppress(UserError):  # a recipe that is gone; and files that are broken
        found += _of_recipe(run, recipe.find(str(run.config["recipe"])))
    with suppress(UserError, KeyError):
        if run.path("environment.json").is_file():
            before = run.read_json("environment.json")
            found += changed_versions(before.get("versions", {}), before.get("backend", ""))
    return found


def check_parent(parent: Run, script: Recipe, despite_changes: bool) -> list[str]:
    """Compares with what a run was made with, before another is made of it.

    Other versions are told and no reason to refuse: the child has an environment.json of its own.

    Returns:
        what config.json of the child is to say under `despite`: how the recipe differs.

    Raises:
        UserError: where the recipe, which reads the data, is another one and the user has not
            agreed.
    """
    differences = _of_recipe(parent, script)
    if differences and not despite_changes:
        raise UserError(
            f"Since {parent.folder} was made, {differences[0]}: what is made of it could not be "
            "compared with it.",
            "Put the recipe back as it was, or go on in spite of it: add --despite-changes (the "
            "new run then says so).",
        )
    versions = []
    if parent.path("environment.json").is_file():
        before = parent.read_json("environment.json")
        versions = changed_versions(before.get("versions", {}), before.get("backend", ""))
    if told := [*differences, *versions]:
        tell(f"Since {parent.folder} was made, {', '.join(told)}.")
    return differences


def _of_recipe(run: Run, script: Recipe) -> list[str]:
    before = run.config.get("recipe_sha256")
    if before in (None, trust.digest(script)):
        return []
    return [f"the recipe {run.config['recipe']} has changed"]
