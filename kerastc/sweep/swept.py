"""The subject of a sweep: one recipe with many settings, or the recipes of a study."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from kerastc import recipe, settings, trust
from kerastc.sweep.space import SearchSpace, first_values, parse
from kerastc.tasks import deciding_figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    import optuna

    from kerastc.scores.figures import Figure


@dataclass(frozen=True)
class Training:
    """The arguments of `launch.train` for a trial.

    Args:
        recipe: its name, or the path of a script.
        words: all `key=value` words.
        study: the entry in the run's config.json for its study, if any.
    """

    recipe: str
    words: list[str]
    study: dict[str, Any] | None = None


def task_names(config_class: type[settings.Config]) -> list[str]:
    """The task of a recipe's config; none if it is not given."""
    return [config_class.task] if hasattr(config_class, "task") else []


class Swept(Protocol):
    """The common definition of a sweep, and how the values of a trial become a training.

    Args:
        name: of the recipe or study, as shown.
        folder: the name of the folder of its runs.
        fixed: the `key=value` words of every trial.
        keys: the fields that trials differ in.
        compared: whether trials are compared with each other, so that one of them is the best;
            not if they are of several tasks.
        notes: what a user should know before it begins.
    """

    name: str
    folder: str
    fixed: tuple[str, ...]
    keys: list[str]
    compared: bool
    notes: list[str]

    def figures(self, asked: str | None) -> "dict[str, Figure]":
        """The deciding figure by the name of each recipe.

        Args:
            asked: the name of the figure; None takes the main one.

        Raises:
            UserError: as `deciding_figure` does.
        """

    def figure(self, drawn: Mapping[str, str], asked: str | None) -> "Figure":
        """The deciding figure of a trial; arguments as in `training` and `figures`."""

    def definition(self) -> dict[str, Any]:
        """The definition that two workers must agree on, ready for JSON."""

    def plan(self, trials: int | None, seed: str) -> dict[int, dict[str, str]]:
        """As `SearchSpace.plan`."""

    def draw(self, trial: "optuna.Trial") -> dict[str, str]:
        """The texts of a trial by key."""

    def texts(self, values: Mapping[str, Any]) -> dict[str, str]:
        """The texts of suggested values by key; fields without a value are left out."""

    def training(self, drawn: Mapping[str, str]) -> Training:
        """The training for the texts of a trial."""


@dataclass(frozen=True)
class SweptRecipe:
    """A recipe and its search space."""

    script: recipe.Recipe
    space: SearchSpace
    tasks: list[str]
    compared = True

    @classmethod
    def read(cls, name: str, words: "Sequence[str]") -> "SweptRecipe":
        """The recipe of a name or path, with the fields that the words sweep.

        Raises:
            UserError: as `recipe.find` and `space.parse` do.
        """
        script = recipe.find(name)
        config_class = script.load().Config
        space = parse(config_class, words)
        settled = settings.settled(config_class, first_values(words))
        return cls(script, space, task_names(settled))

    @property
    def name(self) -> str:
        return self.script.name

    @property
    def folder(self) -> str:
        return self.script.stem

    @property
    def fixed(self) -> tuple[str, ...]:
        return self.space.fixed

    @property
    def keys(self) -> list[str]:
        return [axis.key for axis in self.space.axes]

    @property
    def notes(self) -> list[str]:
        return []

    def figures(self, asked: str | None) -> "dict[str, Figure]":
        return {self.name: deciding_figure(self.tasks, asked)}

    def figure(self, drawn: Mapping[str, str], asked: str | None) -> "Figure":
        return deciding_figure(self.tasks, asked)

    def definition(self) -> dict[str, Any]:
        return {
            "recipe": self.script.stem,
            "recipe_sha256": trust.digest(self.script),
            "words": self.space.as_dict(),
        }

    def plan(self, trials: int | None, seed: str) -> dict[int, dict[str, str]]:
        return self.space.plan(trials, seed)

    def draw(self, trial: "optuna.Trial") -> dict[str, str]:
        return self.space.draw(trial)

    def texts(self, values: Mapping[str, Any]) -> dict[str, str]:
        return self.space.texts(values)

    def training(self, drawn: Mapping[str, str]) -> Training:
        return Training(self.script.name, self.space.words(drawn))
