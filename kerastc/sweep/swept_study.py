"""The recipes of a study, each with its own settings, in one sweep."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastc import recipe, settings, trust
from kerastc.errors import UserError, nearest
from kerastc.sweep.axes import Choices, Range
from kerastc.sweep.space import SearchSpace, chosen, first_values, read_axes, space_of
from kerastc.sweep.study_file import Study, find_study
from kerastc.sweep.study_folder import missing, named, placed, refuse_missing
from kerastc.sweep.swept import Training, task_names
from kerastc.synonyms import meant
from kerastc.tasks import deciding_figure

if TYPE_CHECKING:
    import optuna

    from kerastc.scores.figures import Figure

RECIPE = "recipe"  # the field that names the recipe of a trial


@dataclass(frozen=True)
class Member:
    """One of a study's recipes with its settings.

    Args:
        name: in the study.
        script: the recipe.
        space: its settings from the study and the words, fixed and swept.
        by_study: the fields set only by the study.
        known: the keys of all its fields.
        tasks: from `task_names`.
        missing: the files of the study's folder that are not there, by field.
    """

    name: str
    script: recipe.Recipe
    space: SearchSpace
    by_study: tuple[str, ...]
    known: frozenset[str]
    tasks: list[str]
    missing: Mapping[str, str]


@dataclass(frozen=True)
class SweptStudy:
    """A study, changed by words: `recipe=` selects recipes, the others apply to all.

    A word for a field that only some recipes have applies to those. `folder=` names the folder of
    the data, if the study has one.
    """

    study: Study
    words: tuple[str, ...]
    members: tuple[Member, ...]

    @classmethod
    def read(cls, name: str, words: Sequence[str], state: Path) -> "SweptStudy":
        """The study of a name or path, checked against its recipes.

        Args:
            name: of `find_study`.
            words: `key=value` and `key=a,b`.
            state: the user's folder with the list of trusted scripts.

        Raises:
            UserError: for an error in the file, with its name, or in the words.
        """
        study = find_study(name)
        for word in words:
            if "=" not in word:
                raise UserError(f"{word!r} is no override.", "Write key=value or key=a,b.")
        picked, words = _picked(study, words)
        folder, words = named(study, words)
        members = tuple(_member(study, entry, words, state, folder) for entry in picked)
        if len(members) == len(study.contents.recipes):  # else another one may have it
            ours = {**study.settings(), **study.grid()}
            _refuse_unknown(ours, members, f"{study.path}: ")
        _refuse_unknown([word.partition("=")[0] for word in words], members)
        gone = {member.name: member.missing for member in members if member.missing}
        refuse_missing(folder, gone, [m.name for m in members if not m.missing])
        return cls(study, tuple(words), members)

    @property
    def name(self) -> str:
        return self.study.name

    @property
    def folder(self) -> str:
        return self.study.name

    @property
    def fixed(self) -> tuple[str, ...]:
        several = set(self.keys)
        return tuple(sorted(word for word in self.words if word.partition("=")[0] not in several))

    @property
    def keys(self) -> list[str]:
        return list(self._choices)

    @property
    def compared(self) -> bool:
        return len(self.members) == 1 or not self.study.contents.tasks

    def figures(self, asked: str | None) -> "dict[str, Figure]":
        if not self.study.contents.tasks:
            tasks = [task for member in self.members for task in member.tasks]
            return dict.fromkeys((m.name for m in self.members), deciding_figure(tasks, asked))
        return {member.name: deciding_figure(member.tasks, asked) for member in self.members}

    def figure(self, drawn: Mapping[str, str], asked: str | None) -> "Figure":
        return self.figures(asked)[drawn[RECIPE]]

    @property
    def notes(self) -> list[str]:
        """The words that do not apply to all recipes."""
        found = []
        for word in self.words:
            key = word.partition("=")[0]
            having = [member.name for member in self.members if key in member.known]
            if len(having) < len(self.members):
                found.append(f"{word} is for {', '.join(having)} alone: the others have no {key}.")
        return found

    def definition(self) -> dict[str, Any]:
        spaces = {f"{RECIPE} {member.name}": member.space.as_dict() for member in self.members}
        scripts = {member.name: trust.digest(member.script) for member in self.members}
        return {"study": self.study.name, "recipe_sha256": scripts, **spaces}

    def plan(self, trials: int | None, seed: str) -> dict[int, dict[str, str]]:
        rows = [
            {RECIPE: member.name, **row} for member in self.members for row in member.space.grid()
        ]
        return chosen(rows, trials, seed)

    def draw(self, trial: "optuna.Trial") -> dict[str, str]:
        name = self._choices[RECIPE].suggest(trial)
        keys = [axis.key for axis in self._member(name).space.axes]
        return {RECIPE: name, **{key: self._choices[key].suggest(trial) for key in keys}}

    def texts(self, values: Mapping[str, Any]) -> dict[str, str]:
        return {key: values[key] for key in self._choices if key in values}

    def training(self, drawn: Mapping[str, str]) -> Training:
        member = self._member(drawn[RECIPE])
        words = member.space.words({key: text for key, text in drawn.items() if key != RECIPE})
        told = {
            "name": self.study.name,
            "sha256": self.study.sha256,
            "settings": sorted(member.by_study),
        }
        if self.study.contents.tasks:
            told["task"] = member.name
        return Training(member.script.name, words, told)

    def _member(self, name: str) -> Member:
        return next(member for member in self.members if member.name == name)

    @cached_property
    def _choices(self) -> dict[str, Choices]:
        """Every field that trials differ in, with its texts in any of the recipes.

        Optuna needs one set of values per field.
        """
        texts: dict[str, dict[str, None]] = {RECIPE: {m.name: None for m in self.members}}
        axes = [axis for member in self.members for axis in member.space.axes]
        for axis in sorted(axes, key=lambda axis: axis.key):
            texts.setdefault(axis.key, {}).update(dict.fromkeys(axis.texts))
        return {key: Choices(key, tuple(found)) for key, found in texts.items()}


def _picked(study: Study, words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The recipes that `recipe=a,b` chooses, in the study's order, and the other words."""
    entries = list(study.contents.recipes)
    asked = [word.partition("=")[2] for word in words if word.startswith(f"{RECIPE}=")]
    others = [word for word in words if not word.startswith(f"{RECIPE}=")]
    if not asked:
        return entries, others
    if len(asked) > 1:
        raise UserError(f"{RECIPE} is given twice.", f"Write them in one word: {RECIPE}=a,b")
    names = asked[0].split(",")
    by_name = {entry.replace("_", "-"): entry for entry in entries}
    for name in names:
        if name.replace("_", "-") not in by_name:
            raise UserError(
                f"{RECIPE}={name}: the study {study.name} has {', '.join(entries)}.",
                nearest(name.replace("_", "-"), by_name),
            )
    wanted = {by_name[name.replace("_", "-")] for name in names}
    return [entry for entry in entries if entry in wanted], others


def _member(
    study: Study, entry: str, words: Sequence[str], state: Path, folder: Path | None
) -> Member:
    ours = study.settings() | study.own(entry)
    if "seed" in ours:
        raise UserError(f"{study.path}: seeds are listed for all recipes.", "Write seeds = [0, 1]")
    with _placed(study, entry):
        script = _script(study, entry, state)
        config_class = script.load().Config
        settled = settings.settled(config_class, ours | first_values(words))
        for key in study.own(entry):
            settings.find_field(settled, key)
        fields = list(settings.fields(settled))
        given = {key: [value] for key, value in ours.items()} | study.grid()
        given = placed(folder, given, fields) if folder else given
    known = frozenset(field.key for field in fields)
    by_file = given | {"seed": study.contents.seeds}
    axes: dict[str, Choices | Range] = {
        key: Choices(key, tuple(settings.word(key, value).partition("=")[2] for value in values))
        for key, values in by_file.items()
        if key in known
    }
    by_words = {}
    for axis in read_axes(settled, [word for word in words if word.partition("=")[0] in known]):
        if isinstance(axis, Range):
            raise UserError(
                f"{axis.key}={axis.as_json()[1]}: a study has no ranges.",
                f"List values, {axis.key}=a,b, or sweep one recipe: kerastc sweep RECIPE",
            )
        by_words[axis.key] = axis
    with _placed(study, entry, by_words):
        space = space_of(config_class, [*(axes | by_words).values()])
    several = {axis.key for axis in space.axes}
    by_study = tuple(key for key in axes if key not in several and key not in by_words)
    unchanged = {key: values for key, values in given.items() if key not in by_words}
    gone = missing(unchanged, fields) if folder else {}
    return Member(entry, script, space, by_study, known, task_names(settled), gone)


def _script(study: Study, entry: str, state: Path) -> recipe.Recipe:
    name = study.recipe_name(entry)
    script = recipe.find(name)
    if trust.is_path(name):
        trust.refuse_unknown(script, state, "the study")
    return script


@contextmanager
def _placed(study: Study, entry: str, words: Collection[str] = ()) -> Iterator[None]:
    """Adds the location to an error: the study's file, unless the words caused it."""
    try:
        yield
    except UserError as error:
        by_words = any(error.message.startswith(f"{key}=") for key in words)
        place = entry if by_words else f"{study.path}, recipes.{entry}"
        raise UserError(f"{place}: {error.message}", error.hint) from None


def _refuse_unknown(keys: Iterable[str], members: Sequence[Member], place: str = "") -> None:
    """Refuses a field that none of the recipes has."""
    known = sorted({key for member in members for key in member.known})
    for key in keys:
        if key not in known:
            field = meant(key, known)
            raise UserError(
                f"{place}There is no field {key!r} in {', '.join(m.name for m in members)}.",
                f"Did you mean {field!r}?" if field != key else nearest(key, known),
            )
