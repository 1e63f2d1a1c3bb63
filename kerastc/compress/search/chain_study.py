"""The Optuna study of a search: which chains are tried, and their results."""

import hashlib
import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from kerastc import formatting
from kerastc.compress.search.result import (
    FILE,
    Budget,
    Search,
    Trial,
)
from kerastc.errors import UserError
from kerastc.progress import tell
from kerastc.run import Run
from kerastc.run_forms import TIMED
from kerastc.scores.pairs import Judged
from kerastc.scores.pareto import COSTS
from kerastc.sweep.storage import load_optuna, sqlite_url, storage_errors_told
from kerastc.sweep.study import SharedStudy

if TYPE_CHECKING:
    import optuna

    from kerastc.compress.search.space import Space
    from kerastc.compress.search.trial import Trials

STUDIES = "studies.db"
HEARTBEAT = 2  # seconds; a killed search's trial is retried after three of them
MOST_DRAWS = 3  # draws per trial: the sampler may draw a chain twice
TIMED_AGAIN = 5  # trials timed side by side where latency decides


class ChainStudy:
    """A running search.

    Args:
        folder: gets the study and the results.
        tried: runs trials.
        space: from which they are drawn.
        budget, goal: what decides.
        judged: the original run's answer for each validation row.

    Attributes:
        found: the results so far.
    """

    def __init__(
        self,
        folder: Run,
        tried: "Trials",
        space: "Space",
        budget: Budget,
        goal: str,
        judged: Judged,
    ):
        self.folder = folder
        self.tried = tried
        self.space = space
        source, original = tried.chains.source, tried.chains.original
        found = original.read_json("metrics.json")["validation"]
        names = [figure.name for figure in judged.output.figures]
        figures = {name: found[name] for name in names if name in found}
        self.found = Search(source.folder, figures, judged, budget, goal, (), {})
        self.definition = {
            "within": str(budget),
            "for": goal,
            "judged": "in pairs",
            "chains": json.dumps(space.as_dict()),
        }
        digest = hashlib.sha256(json.dumps(self.definition).encode()).hexdigest()
        self.name = f"{goal}-{budget}-{digest[:8]}"

    def search(self, count: int) -> None:
        """Runs trials until there are enough, or the space has no more."""
        count = min(count, self.space.size)
        url = sqlite_url(self.folder.path(STUDIES))
        study = SharedStudy(
            self.name,
            url,
            self.definition,
            self.space.plan(count),
            maximize=(self.found.figure.higher, False),
            heartbeat=HEARTBEAT,
            sampler=partial(_sampler, len(self.space.first)),
        )
        with closing(study), storage_errors_told(url):
            study.retry_failed()
            self._remake_lost(study)
            self._read(study)
            draws, missing = count, count
            while missing > 0 and draws <= MOST_DRAWS * count:
                study.plan = self.space.plan(draws)
                for trial in study.claimed():
                    self._carry_out(study, trial, count)
                self._read(study)
                missing = count - self._ended
                draws += missing
        if not self.found.trials:
            words, error = next(iter(self.found.failed.items()))
            raise UserError(
                f"Each of the {self._ended} trials failed. The first, {words}: {error}",
                "The same command tries them again.",
            )

    def timed_together(self) -> Search:
        """The results; where latency decides, the fastest within the budget are timed again.

        Side by side: the machine may have been busy during one trial or another.
        """
        fastest = self.found.within[:TIMED_AGAIN]
        if self.found.goal == "latency" and len(fastest) > 1:
            known = self._timings([str(trial) for trial in fastest], fastest)
            trials = (
                replace(t, **known[str(t)], timed_together=True) if str(t) in known else t
                for t in self.found.trials
            )
            self.found = replace(self.found, trials=tuple(trials))
        self.write(self.found)
        return self.found

    def write(self, found: Search) -> None:
        """Saves the results next to the studies."""
        self.folder.write_json(f"{self.name}.json", found.as_dict())

    def _timings(self, names: list[str], trials: list[Trial]) -> dict[str, dict[str, float]]:
        """Latency and spread of each trial, measured once for the same set of trials."""
        file = f"{self.name}.timed.json"
        if self.folder.path(file).is_file():
            known = self.folder.read_json(file, TIMED)
            if set(known) == set(names):
                return known
        tell(f"Timing the {len(trials)} fastest again, side by side")
        rows = self.tried.chains.subject().splits.validation
        entries = self.tried.measure([trial.folder.joinpath(*FILE) for trial in trials], rows)
        found = {
            name: {
                "latency_p50_ms": entry["latency_ms"]["p50"],
                "latency_spread_ms": entry["spread_ms"],
            }
            for name, entry in zip(names, entries, strict=True)
        }
        self.folder.write_json(file, found)
        return found

    @property
    def _ended(self) -> int:
        return len(self.found.trials) + len(self.found.failed)

    def _remake_lost(self, study: SharedStudy) -> None:
        """Runs finished trials again whose files are gone."""
        for frozen in study.latest().values():
            if frozen.state.name == "COMPLETE":
                words = self.space.words(frozen.params)
                if self.tried.known(words) is None:
                    tell(f"Its files are gone; running it again: {' '.join(words)}")
                    self.tried.carry_out(words)

    def _read(self, study: SharedStudy) -> None:
        """Reads how the study's trials ended."""
        trials, failed = {}, {}
        for _, frozen in sorted(study.latest().items()):
            words = self.space.words(frozen.params) if frozen.params else ()
            if frozen.state.name == "COMPLETE" and (known := self.tried.known(words)):
                trials[words] = known
            elif "error" in frozen.user_attrs:
                failed[" ".join(words)] = frozen.user_attrs["error"]
        self.found = replace(self.found, trials=tuple(trials.values()), failed=failed)

    def _carry_out(self, study: SharedStudy, trial: "optuna.Trial", count: int) -> None:
        words = self.space.draw(trial)
        number = min(self._ended + 1, count)
        tell(f"[{number}/{count}] {' '.join(words)}")
        reached = study.carry_out(trial, partial(self._values, trial, words))
        self._read(study)
        if isinstance(reached, str):
            tell(f"    failed: {reached}")
            return
        done = self.tried.known(words)
        costs = ", ".join(form(done.cost(goal)) for goal, (_, form, _) in COSTS.items())
        found = self.found
        tell(
            f"    {found.budget.metric} {found.value(done):.4f}, to the original "
            f"{found.told(done)}: {found.verdict(done)}; {costs} "
            f"({formatting.duration(done.seconds)})"
        )

    def _values(self, trial: "optuna.Trial", words: Sequence[str]) -> list[float]:
        """The figure and cost of a trial; its constraint is what it may lose beyond the budget.

        By its own bound: the bound over all trials moves with each new one.
        """
        done = self.tried.carry_out(words)
        found = self.found
        trial.set_constraint("loss", found.lost(found.least_alone(done)) - found.budget.loss)
        return [self.found.value(done), done.cost(self.found.goal)]


def _sampler(first: int, slot: int) -> "optuna.samplers.BaseSampler":
    # Seeded by slot: a resumed search draws what it would have drawn anyway.
    return load_optuna().samplers.TPESampler(seed=slot, n_startup_trials=first, multivariate=True)
