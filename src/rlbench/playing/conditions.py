"""In which environment, and how, a policy is to be played, as the files of its run say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from rlbench.checking import check
from rlbench.errors import ConfigError, ReportError
from rlbench.runs.configuration import FILE as CONFIGURATION
from rlbench.runs.configuration import read_configuration
from rlbench.runs.header import FILE as HEADER
from rlbench.runs.header import Header, read_header
from rlbench.runs.reading import UnreadableFileError
from rlbench.settings import AUTO, MAX_EPISODES, Auto, EnvSettings, EpisodeSteps, Frozen

EPISODES = 20  # where nothing says how many


class Conditions(Frozen):
    """The environment, the cap of an evaluation's episodes, how many there are, and the seed that
    theirs come from."""

    env: EnvSettings
    eval_max_episode_steps: Auto | EpisodeSteps = AUTO
    episodes: int = Field(EPISODES, gt=0, le=MAX_EPISODES)
    seed: int = Field(0, ge=0, lt=2**31)


def run_conditions(directory: Path) -> Conditions:
    """The conditions of the evaluations of the run in a directory, which may be a stranger's.

    What the run was given as `auto`, or in older versions as null, is what it came to then. Raises
    ReportError, with one line, where the files cannot be used, and ConfigError for values that are
    not taken.
    """
    file = HEADER
    try:
        header = read_header(directory)
        file = CONFIGURATION
        env = read_configuration(directory).get("env")
    except UnreadableFileError as error:
        raise ReportError(f"{directory}: {file} {error}") from None
    if not isinstance(env, dict) or env.get("id") != header.env:
        raise ReportError(f"{directory}: {CONFIGURATION} is not of {header.env}, as {HEADER} is")
    kwargs = env.get("kwargs")
    values = {
        "env": {
            "id": header.env,
            "kwargs": {} if kwargs is None else kwargs,
            "threshold": header.threshold,
            **_resolved(env, header),
        },
        "eval_max_episode_steps": header.eval_max_episode_steps or AUTO,
        "episodes": header.eval_episodes or EPISODES,
        "seed": header.seed,
    }
    return read_conditions(values, str(directory))


def read_conditions(values: Any, file: str) -> Conditions:
    """Conditions from plain values, which may be a stranger's; raises ConfigError that names the
    key and `file`."""
    try:
        return check(Conditions, values)
    except ConfigError as error:
        raise error.within(file) from None


def _resolved(env: Mapping[str, Any], header: Header) -> dict[str, Any]:
    """The settings that `auto` stands for something in, as they were in the run."""
    played: Mapping[str, Any] = header.preprocessing or {}
    came_to = {
        "max_episode_steps": header.max_episode_steps or AUTO,
        "sticky_actions": played.get("sticky_actions", AUTO),
        "noop_max": played.get("noop_max", AUTO),
    }
    asked = {key: env.get(key) for key in came_to}
    return {key: came_to[key] if value in (None, AUTO) else value for key, value in asked.items()}
