"""Which runs may decide a claim: the listed ids, their published levels, default conditions.

What is checked is what a run's files say. They are not signed: a consistent forgery is not found
out. Documented in docs/claims.md; a change here is a change there.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rlbench.analysis.groups import Group
from rlbench.claims.rivals import RIVALS, other_settings
from rlbench.claims.statements import HUMANOID, MINIMUM_SEEDS
from rlbench.published import table
from rlbench.published.atari import atari_game
from rlbench.published.levels import published_levels
from rlbench.runs.configuration import FILE as CONFIGURATION
from rlbench.runs.configuration import read_configuration
from rlbench.runs.contention import contention
from rlbench.runs.reading import UnreadableFileError, printable
from rlbench.runs.records import MEMORY, Run

# The keys that must have their default, which are those of `rlbench.settings` (tested). `auto` is
# null in the files of older versions.
DEFAULTS: dict[str, dict[str, Any]] = {
    "env": {
        "kwargs": {},
        "max_episode_steps": "auto",
        "sticky_actions": "auto",
        "noop_max": "auto",
    },
    "eval": {"episodes": 20, "max_episode_steps": "auto", "confirmation_episodes": 100},
}
FROM_MEMORY = {"obs_type": MEMORY}  # env.kwargs of games that are seen as memory
AGENTS = {"es": "rlbench.agents.es.agent.ES"} | {a: r.target for a, r in RIVALS.items()}
# Words of a command line after which an agent's settings are not those of the package.
BY_HAND = ("agent.", "network", "--config-dir", "-cd", "--config-path", "-cp", "hydra.searchpath")
# Older files have the name alone.
EXECUTOR: dict[str, Any] = {"name": "auto", "workers": "auto", "address": None}
FRAME_SKIP = 4
STICKY_ACTIONS = 0.25
MUJOCO_STEPS = 1000
MUJOCO_MODULE, ATARI_MODULE = "gymnasium.envs.mujoco", "ale_py"
SAME_LEARNING = 5  # evaluations after which equal returns are no accident

_SHOWN = 60


def why_not(baseline: Group, challenger: Group) -> str:
    """Why two groups of an environment decide nothing, in one sentence; empty where they may."""
    return next(_reasons(baseline, challenger), "")


def is_listed(env: str) -> bool:
    """Whether an id is one of a paper's tasks: the 51 games of the ES paper's table 2, the tasks of
    its tables 1 and 3, and the Humanoid."""
    game = atari_game(env)
    if game is not None:
        return game in {row["game"].replace("_", "") for row in table("es_atari")}
    return env == HUMANOID or env in {f"{row['env']}-v5" for row in table("es_mujoco")}


def _reasons(baseline: Group, challenger: Group) -> Iterator[str]:
    sides = (baseline, challenger)
    env = baseline.env
    if not is_listed(env):
        yield f"{printable(env)} is none of the paper's tasks in its current version"
        return
    seeds = min(len(group.runs) for group in sides)
    if seeds < MINIMUM_SEEDS:
        yield f"{seeds} of {MINIMUM_SEEDS} seeds"
    yield from _level(env, baseline.threshold)
    for group in sides:
        yield from _missing_seeds(group)
        yield from _copies(group)
        for run in group.runs:
            for what in _of_run(run):
                yield f"{run.agent}, seed {run.seed}: {what}"
    yield from _budgets([run for group in sides for run in group.runs])
    jobs = [{run.concurrent_jobs for run in group.runs} for group in sides]
    if jobs[0] != jobs[1] or len(jobs[0]) > 1:
        yield "runs differ in how many others ran beside them"


def _level(env: str, threshold: float | None) -> Iterator[str]:
    levels = published_levels(env)
    if levels is None or threshold is None:
        yield "no published level"
    elif not math.isclose(threshold, levels.threshold, rel_tol=1e-9):
        # A higher one is harder for both, but may have been chosen because it suits one of them.
        side = "below" if threshold < levels.threshold else "above"
        yield f"solved at {threshold:g}, {side} the published level {levels.threshold:g}"


def _missing_seeds(group: Group) -> Iterator[str]:
    """Seeds are to be 0, 1, 2, ...: a run that is not there may be one that did not suit."""
    present = {run.seed for run in group.runs}
    missing = sorted(set(range(max(len(present), MINIMUM_SEEDS))) - present)
    if missing:
        yield f"{group.agent}: seed {missing[0]} is missing"


def _copies(group: Group) -> Iterator[str]:
    """Runs that are one run: the same times, or returns that are equal row for row."""
    for key in (_times, _learning):
        repeated = Counter(found for run in group.runs if (found := key(run)) is not None)
        for value, count in repeated.items():
            if count > 1:
                seeds = [str(run.seed) for run in group.runs if key(run) == value]
                yield f"{group.agent}: seeds {' and '.join(seeds)} are the same run"


def _times(run: Run) -> tuple[float, ...] | None:
    """When the run was evaluated, in seconds, which no two runs share."""
    times = tuple(float(t) for t in run.evaluations.train_s if t > 0.0)
    return (*times, run.end.train_s) if times else None


def _learning(run: Run) -> tuple[float, ...] | None:
    """What the run learned; None where that is too little to tell two runs apart by."""
    returns = tuple(float(value) for value in run.evaluations.return_mean)
    if len(returns) < SAME_LEARNING or len(set(returns)) < SAME_LEARNING:
        return None
    return (*returns, *(float(step) for step in run.evaluations.env_steps))


def _of_run(run: Run) -> Iterator[str]:
    if run.solved_at is None and run.status != "budget":
        yield f"{run.status}, so its budget was not used up"
    if run.device != "cpu":
        yield f"ran on {printable(run.device) or 'an unknown device'}, beside the cores"
    if run.others_share is None:
        yield "how much of the cores' time others had is not known"
    for share, who in contention(run):
        yield f"{who} had {share:.0%} of the cores' time"
    yield from _registered(run)
    by_hand = [word for word in run.argv if word.lstrip("+~").startswith(BY_HAND)]
    if by_hand:
        yield f"its agent's settings are not those of the package ({_shown(by_hand[0])})"
    if atari_game(run.env) is not None:
        if run.frame_skip != FRAME_SKIP:
            yield f"{run.frame_skip} frames a step, not {FRAME_SKIP}"
        if run.sticky_actions not in (None, STICKY_ACTIONS):
            yield f"sticky actions {run.sticky_actions:g}, not {STICKY_ACTIONS}"
    try:
        asked = read_configuration(run.directory)
    except UnreadableFileError as error:
        yield f"{CONFIGURATION} {error}"
        return
    yield from _configured(run, asked)


def _configured(run: Run, asked: Mapping[str, Any]) -> Iterator[str]:
    env, agent = _part(asked, "env"), _part(asked, "agent")
    if env.get("id") != run.env:
        yield f"was made as {_shown(env.get('id'))}"
    if agent.get("_target_") != AGENTS.get(run.agent):
        yield f"its agent is {_shown(agent.get('_target_'))}"
    elif run.agent in RIVALS:
        for key, value, expected in other_settings(RIVALS[run.agent], run.env, agent):
            yield f"{_shown(key)} is {_shown(value)}, not {_shown(expected)}"
    # One that leaves cores idle makes ES slower than the cores that are compared.
    executor = asked.get("executor", EXECUTOR["name"])
    executor = executor if isinstance(executor, Mapping) else {"name": executor}
    for key, default in EXECUTOR.items():
        if executor.get(key, default) != default:
            word = "executor" if key == "name" else f"executor.{key}"
            yield f"{word} is {_shown(executor[key])}, not {_shown(default)}"
    for part, defaults in DEFAULTS.items():
        found = _part(asked, part)
        for key, default in defaults.items():
            value = found.get(key, "missing")
            if (part, key) == ("env", "kwargs") and run.observations == MEMORY:
                default = FROM_MEMORY  # a condition that the verdict names
            if value is None and default == "auto":
                continue
            if value != default or isinstance(value, bool):
                yield f"{part}.{key} is {_shown(value)}, not {_shown(default)}"


def _registered(run: Run) -> Iterator[str]:
    """That the id was what Gymnasium and ale-py make of it; older runs do not say."""
    if run.registration is None:
        return
    module = run.registration.get("module")
    expected: dict[str, Any] = {"wrappers": []}
    if atari_game(run.env) is None:
        home = MUJOCO_MODULE
        expected |= {"kwargs": {}, "max_episode_steps": MUJOCO_STEPS}
    else:
        home = ATARI_MODULE
        kwargs = run.registration.get("kwargs")
        skip = kwargs.get("frameskip") if isinstance(kwargs, Mapping) else None
        game = kwargs.get("game") if isinstance(kwargs, Mapping) else None
        if skip != FRAME_SKIP or str(game).replace("_", "") != atari_game(run.env):
            yield f"its id is registered with {_shown(kwargs)}"
    if not isinstance(module, str) or not f"{module}.".startswith(f"{home}."):
        yield f"its id is registered by {_shown(module)}"
    for key, value in expected.items():
        if run.registration.get(key) != value:
            yield f"its id is registered with {key} {_shown(run.registration.get(key))}"


def _budgets(runs: Sequence[Run]) -> Iterator[str]:
    """Unsolved runs were all watched for the same time, and no solved one needed longer: else who
    is counted as unsolved was chosen."""
    unsolved = [run for run in runs if run.solved_at is None]
    budgets = {run.budget_train_s for run in unsolved}
    if not unsolved:
        return
    if None in budgets:
        yield "a run that was not solved had no budget in seconds"
        return
    shortest = min(budget for budget in budgets if budget is not None)
    if len(budgets) > 1:
        yield f"unsolved runs had budgets of {_seconds(budgets)}"
    early = [run for run in unsolved if run.end.train_s < 0.95 * shortest]
    if early:
        yield (
            f"{early[0].agent}, seed {early[0].seed}: unsolved after {early[0].end.train_s:.0f} of "
            f"{shortest:g} s"
        )
    larger = [run.budget_train_s for run in runs if run.solved_at is not None]
    late = [run.solved_at.at.train_s for run in runs if run.solved_at is not None]
    if any(b is None or b > shortest for b in larger) and max(late, default=0.0) > 1.05 * shortest:
        yield f"solved runs had longer than the {shortest:g} s of those that were not"


def _seconds(budgets: set[float | None]) -> str:
    ascending = sorted(budget for budget in budgets if budget is not None)
    return " and ".join(f"{budget:g}" for budget in ascending[:3]) + " s"


def _part(asked: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = asked.get(key)
    return part if isinstance(part, Mapping) else {}


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    shown = printable(text)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."
