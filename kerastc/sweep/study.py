"""A study shared by several processes or machines: a plan of trials, each completed once.

Optuna keeps the trials in a database. Its own loop has gaps that matter when workers share a plan
or are killed; they are closed here with its public parts:

- the plan is a fixed set of slots, and a trial records its slot and attempt. Two workers may
  enqueue the same attempt at the same time; the one with the lowest number counts, so that no lock
  across machines is needed;
- a trial has a heartbeat before it is claimed, so that no kill leaves one that never goes stale;
- on SQLite a claim is a write transaction from its start, so that no two workers win it.
"""

import json
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kerastc.errors import UserError
from kerastc.progress import progress
from kerastc.sweep.storage import (
    load_optuna,
    open_storage,
    storage_errors_told,
    without_password,
)

if TYPE_CHECKING:
    import optuna

_DEFINITION = "kerastc"  # the study's user attribute with its definition


class SharedStudy:
    """A worker's view of a study.

    Args:
        name: the study's name in its storage.
        url: Optuna storage URL.
        definition: the settings that every worker of this study must agree on; ready for JSON.
        plan: the values of each slot by field; the sampler draws missing fields.
        maximize: for each objective, whether more is better.
        heartbeat: seconds between two signs of life; without one for three times as long, a
            worker counts as dead and its trial is taken over.
        sampler: for a slot, the sampler of the fields that its plan leaves open; default TPE.

    Raises:
        UserError: if Optuna is missing, the storage does not answer, or the study of that name
            has another definition.
    """

    def __init__(
        self,
        name: str,
        url: str,
        definition: Mapping[str, Any],
        plan: Mapping[int, Mapping[str, Any]],
        maximize: Sequence[bool],
        heartbeat: int,
        sampler: "Callable[[int], optuna.samplers.BaseSampler] | None" = None,
    ):
        optuna = load_optuna()
        self.name = name
        self.url = without_password(url)
        self.plan = plan
        self.heartbeat = heartbeat
        # Seeded by slot: a worker that starts later must not repeat the draws of the first.
        self._sampler = sampler or (lambda slot: optuna.samplers.TPESampler(seed=slot))
        with storage_errors_told(url):
            self._storage = open_storage(url, heartbeat)
            directions = ["maximize" if more else "minimize" for more in maximize]
            try:
                self._study = optuna.create_study(
                    study_name=name, storage=self._storage, directions=directions
                )
                self._study.set_user_attr(_DEFINITION, definition)
            except optuna.exceptions.DuplicatedStudyError:
                self._study = optuna.load_study(study_name=name, storage=self._storage)
        self._refuse_another(definition)

    def close(self) -> None:
        """Closes the database."""
        self._storage.remove_session()
        self._storage.engine.dispose()

    def latest(self) -> dict[int, "optuna.trial.FrozenTrial"]:
        """The trial that counts for each slot that was ever enqueued: its last attempt."""
        found: dict[int, optuna.trial.FrozenTrial] = {}
        for trial in self._study.get_trials(deepcopy=False):  # in the order of their numbers
            slot, attempt = trial.user_attrs["slot"], trial.user_attrs["attempt"]
            if slot not in found or attempt > found[slot].user_attrs["attempt"]:
                found[slot] = trial
        return found

    def open_slots(self) -> list[int]:
        """The planned slots that are not yet finished, here or elsewhere."""
        latest = self.latest()
        return [slot for slot in self.plan if slot not in latest or not _ended(latest[slot])]

    def retry_failed(self) -> None:
        """Requeues failed trials if no worker is running: the cause may be fixed now."""
        latest = self.latest()
        if any(trial.state.name == "RUNNING" for trial in latest.values()):
            return
        for slot in self.plan:
            if slot in latest and "error" in latest[slot].user_attrs:
                self._enqueue(slot, latest[slot])

    def claimed(self) -> Iterator["optuna.Trial"]:
        """Yields trials for this worker until the plan has none left, waiting for other workers."""
        while True:
            trial = self.claim()
            if trial is None and self.open_slots():
                with progress("Waiting for the trials of other workers"):
                    while trial is None and self.open_slots():
                        time.sleep(self.heartbeat / 4)
                        trial = self.claim()
            if trial is None:
                return
            yield trial

    def carry_out(
        self, trial: "optuna.Trial", values: Callable[[], Sequence[float]]
    ) -> Sequence[float] | str:
        """Does the work of a claimed trial and records its end; a stopped one is given back.

        Args:
            trial: claimed by this worker.
            values: the work, which returns a value for each objective.

        Returns:
            the values, or why it failed.
        """
        try:
            with self.alive(trial):
                reached = values()
        except KeyboardInterrupt:
            self.give_back(trial)
            raise
        except Exception as error:  # also a recipe's own, for values that it does not accept
            told = _named(error)
            self.fail(trial, told)
            return told
        self.finish(trial, reached)
        return reached

    def claim(self) -> "optuna.Trial | None":
        """Takes a waiting trial of the plan for this worker; None if there is none.

        Trials of dead workers, and those that no worker has enqueued yet, are enqueued first.
        The fewest attempts come first, so that a trial that kills its worker blocks no others.
        """
        self._fail_stale_trials()
        latest = self.latest()
        for slot in self.plan:
            if slot not in latest or _abandoned(latest[slot]):
                self._enqueue(slot, latest.get(slot))
        waiting = [
            (trial.user_attrs["attempt"], slot, trial)
            for slot, trial in self.latest().items()
            if slot in self.plan and trial.state.name == "WAITING"
        ]
        for _, slot, trial in sorted(waiting, key=lambda entry: entry[:2]):
            if self._take(trial):
                self._study.sampler = self._sampler(slot)
                return load_optuna().Trial(self._study, trial._trial_id)
        return None

    @contextmanager
    def alive(self, trial: "optuna.Trial") -> Iterator[None]:
        """Shows signs of life of a claimed trial until the block ends."""
        stop = threading.Event()

        def beat() -> None:
            while not stop.wait(self.heartbeat):
                # A database that does not answer for a while must not end the training; at
                # worst another worker waits for this trial's run.
                try:
                    self._storage.record_heartbeat(trial._trial_id)
                except Exception:
                    continue
            self._storage.remove_session()

        thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def finish(self, trial: "optuna.Trial", values: Sequence[float]) -> None:
        """Records the result of a trial, a value for each objective."""
        self._tell(trial, values)

    def fail(self, trial: "optuna.Trial", error: str) -> None:
        """Records that a trial ended without a value, and why."""
        try:
            trial.set_user_attr("error", error)
        except load_optuna().exceptions.UpdateFinishedTrialError:
            return  # this worker was taken for dead; another one has the trial
        self._tell(trial)

    def give_back(self, trial: "optuna.Trial") -> None:
        """Gives a trial back for the next worker."""
        self._tell(trial)

    def _tell(self, trial: "optuna.Trial", values: Sequence[float] | None = None) -> None:
        optuna = load_optuna()
        state = optuna.trial.TrialState.FAIL if values is None else None
        try:
            self._study.tell(trial, values, state, skip_if_finished=True)
        except optuna.exceptions.UpdateFinishedTrialError:
            return  # taken over between the check and the write

    def _take(self, trial: "optuna.trial.FrozenTrial") -> bool:
        optuna = load_optuna()
        self._storage.record_heartbeat(trial._trial_id)
        try:
            return self._storage.set_trial_state_values(
                trial._trial_id, state=optuna.trial.TrialState.RUNNING
            )
        except optuna.exceptions.UpdateFinishedTrialError:
            return False

    def _enqueue(self, slot: int, before: "optuna.trial.FrozenTrial | None") -> None:
        """Enqueues the next attempt at a slot, with the values drawn for the previous one."""
        drawn = before.params if before else {}
        attempt = before.user_attrs["attempt"] + 1 if before else 0
        self._study.enqueue_trial(
            {**self.plan[slot], **drawn}, user_attrs={"slot": slot, "attempt": attempt}
        )

    def _fail_stale_trials(self) -> None:
        optuna = load_optuna()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            optuna.storages.fail_stale_trials(self._study)

    def _refuse_another(self, definition: Mapping[str, Any]) -> None:
        theirs = self._definition(definition)
        ours = json.loads(json.dumps(definition))
        if theirs != ours:
            keys = dict.fromkeys((*ours, *theirs))
            different = [key for key in keys if ours.get(key) != theirs.get(key)]
            told = "; ".join(f"{key}: {_words(theirs.get(key))}" for key in different)
            asked = "; ".join(f"{key}: {_words(ours.get(key))}" for key in different)
            self.close()
            raise UserError(
                f"The study {self.name} in {self.url} began with other words.\n"
                f"There:  {told}\nHere:   {asked}",
                "Give the same words as there, or another --name NAME.",
            )

    def _definition(self, ours: Mapping[str, Any]) -> Mapping[str, Any]:
        """The definition by the study's creator; ours if it died before; {} for another program."""
        for _ in range(50):
            if _DEFINITION in (found := self._study.user_attrs):
                return found[_DEFINITION]
            time.sleep(0.1)
        if self._study.get_trials(deepcopy=False):  # from another program
            return {}
        self._study.set_user_attr(_DEFINITION, ours)
        return self._study.user_attrs[_DEFINITION]


def _ended(trial: "optuna.trial.FrozenTrial") -> bool:
    return trial.state.name == "COMPLETE" or (
        trial.state.name == "FAIL" and "error" in trial.user_attrs
    )


def _abandoned(trial: "optuna.trial.FrozenTrial") -> bool:
    return trial.state.name == "FAIL" and "error" not in trial.user_attrs


def _named(error: Exception) -> str:
    if isinstance(error, UserError):  # its hint, too: it is shown nowhere else
        return f"{error.message} {error.hint or ''}".rstrip()
    return f"{type(error).__name__}: {error}"


def _words(value: Any) -> str:
    """A part of a definition in the words of the command line."""
    if not isinstance(value, dict) or "swept" not in value:
        return str(value)
    swept = [f"{key}={','.join(texts)}" for key, *texts in value["swept"]]
    return " ".join([*swept, *value["fixed"]])
