"""Workers that are killed, workers that hang, and what is left of them when the run has gone."""

from __future__ import annotations

import random
import shutil
import signal
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hurting import stumbling
from hurting.cases import SHORT, STUMBLING, STUMBLING_ACTORS, SWEEP, UPDATES
from hurting.runs import LEAVE_S, LIMIT_S, SAVE_S, Running, Runs, saved, stop
from hurting.trial import Trial
from rlbench.interfaces import State

# More steps than a task has, and fewer than two: each worker dies in the one after its first.
DIE_AFTER_STEPS = 120
HANG_AFTER_STEPS = 250  # of a process: a few generations
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
KILLED = {"ES, two workers": STUMBLING, "DQN, two actors": STUMBLING_ACTORS}
LEFT: Mapping[str, Sequence[str]] = {
    "ES": SHORT["ES"],
    "DQN": (*SHORT["DQN"], "cores=2", "eval.episodes=40"),
    "a sweep": SWEEP,
    "ES, a worker hangs": (*STUMBLING, "env.step_timeout_s=null"),
}


def killed(
    numbers: range, runs: Runs, cases: Mapping[str, Sequence[str]] = KILLED
) -> Iterator[Trial]:
    """Workers that kill themselves (SIGKILL) in the middle of a step, one in every round."""
    for number in numbers:
        case = list(cases)[number % len(cases)]
        whole, _ = runs.undisturbed(cases[case])
        (rounds,) = (_rounds(outcome.state) for outcome in whole.values())
        place = runs.place(f"worker-{number}")
        count = _count_file(place)
        hurt = {stumbling.DIE_AFTER: str(DIE_AFTER_STEPS + number), stumbling.COUNT: str(count)}
        with Running([*cases[case], f"results_dir={place}"], **hurt) as run:
            status, err = run.end()
            problems = run.left()
        died = _times(count)
        if status == 0:
            problems += runs.differences(cases[case], place)
            if died < rounds - 1:
                problems.append(f"only {died} were killed")
        else:
            problems.append(f"status {status}: {err.strip()[-200:]}")
        if "Traceback" in err:
            problems.append("a traceback")
        shutil.rmtree(place, ignore_errors=True)
        by = f"{died} workers killed in {rounds} {'generations' if 'ES' in case else 'rounds'}"
        yield Trial("worker", number, case, problems=problems, by=by)


def _rounds(state: State) -> int:
    """Generations of ES; learnings of DQN, which are one for each round but the first ones."""
    if "generation" in state:
        return int(state["generation"])
    return int(state["learner"]["updates"]) // UPDATES


def hanging(numbers: range, runs: Runs, words: Sequence[str] = STUMBLING) -> Iterator[Trial]:
    """A step that never returns, in a worker or in the run's own process: the run fails and names
    the environment; without that step, the same command goes on."""
    for number in numbers:
        executor = ("process", "serial")[number % 2]
        asked = [*(word for word in words if "executor=" not in word), f"executor={executor}"]
        place = runs.place(f"hang-{number}")
        count = _count_file(place)
        after = str(HANG_AFTER_STEPS + 50 * number)
        hurt = {stumbling.HANG_AFTER: after, stumbling.COUNT: str(count)}
        with Running([*asked, f"results_dir={place}"], **hurt) as run:
            status, err = run.end()
            problems = run.left()
        said = err.strip().splitlines()
        if status != 1 or len(said) != 1 or "Stumbling-v0 has not answered for" not in said[0]:
            problems.append(f"status {status}: {err.strip()[-200:]}")
        was_saved = saved(place)
        problems += runs.going_on(asked, place)
        yield Trial(
            "hang", number, f"ES, executor={executor}", hurt=_times(count) > 0, saved=was_saved,
            problems=problems,
        )  # fmt: skip


def orphans(
    numbers: range, runs: Runs, cases: Mapping[str, Sequence[str]] = LEFT
) -> Iterator[Trial]:
    """The run is ended by a signal: nothing that it started may be there soon after."""
    for number in numbers:
        case = list(cases)[number % len(cases)]
        name = SIGNALS[number // len(cases) % len(SIGNALS)]
        hangs = "hangs" in case
        place = runs.place(f"orphans-{number}")
        took_s = 0.0 if hangs else runs.undisturbed(cases[case])[1]
        moment_s = random.Random(number).uniform(0.0, took_s)
        count = _count_file(place)
        hurt = {stumbling.HANG_AFTER: str(HANG_AFTER_STEPS), stumbling.COUNT: str(count)}
        with Running([*cases[case], f"results_dir={place}"], **(hurt if hangs else {})) as run:
            while hangs and not _times(count) and run.goes_on_for(0.1):
                pass
            went_on = run.goes_on_for(moment_s)
            stop(run, name)
            if hangs and name != signal.SIGKILL and run.goes_on_for(2.0):
                stop(run, name)  # the first one waits for the worker
            ended = not run.goes_on_for(LIMIT_S)
            problems = run.left(SAVE_S if case == "a sweep" else LEAVE_S)
            problems += [] if ended else [f"not over {LIMIT_S:g} s after {name.name}"]
        shutil.rmtree(place, ignore_errors=True)
        yield Trial(
            "orphans", number, f"{case}: {name.name}", round(moment_s, 3), went_on,
            problems=problems,
        )  # fmt: skip


def _count_file(place: Path) -> Path:
    file = place.with_name(f"{place.name}.count")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"")
    return file


def _times(count: Path) -> int:
    return len(count.read_bytes())
