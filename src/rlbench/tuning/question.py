"""What a search is asked: which agent on which environment, what is varied, on which seeds, how
long and to what end."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rlbench.agents import with_algorithm
from rlbench.config.compose import compose
from rlbench.config.spaces import Choice, Dimension, Space, read_spaces
from rlbench.config.words import as_text
from rlbench.errors import ConfigError, RunError
from rlbench.harness.plan import RunPlan, load_agent, memory_mb_of, plan_run
from rlbench.settings import Settings
from rlbench.tuning.outcome import Objective

SPACES = Path(__file__).with_name("spaces.yaml")  # of rlbench's own agents
HASH_LENGTH = 10
CHANGES_NOTHING = {
    "seed", "results_dir", "overwrite", "dry_run", "logger", "snapshots", "checkpoint",
}  # fmt: skip
MISSING = object()


@dataclass(frozen=True)
class Asked:
    """What the searches of all agents share.

    words: KEY=VALUE words of every run. objective: None: by the environment. trials: at most, for
    each agent. effort_s: seconds of training for each agent; None: no limit. config_dir: a folder
    of YAML files of the user's.
    """

    env: str
    words: tuple[str, ...]
    seeds: tuple[int, ...]
    results_dir: Path
    trials: int
    effort_s: float | None = None
    objective: Objective | None = None
    prune: bool = True
    config_dir: Path | None = None


@dataclass(frozen=True)
class Question:
    """The search for one agent's settings.

    agent: as it is chosen (sb3:PPO). words: of every run. base: its settings beside what is varied.
    directory: of the study; another question has another one, but for more trials or effort.
    """

    agent: str
    asked: Asked
    words: tuple[str, ...]
    space: Space
    objective: Objective
    base: Settings
    directory: Path

    @property
    def runs(self) -> Path:
        """Where the runs are."""
        return self.directory / "runs"

    def words_of_run(self, chosen: Mapping[str, str], seed: int) -> list[str]:
        """All words of one run. chosen: of the space, as it would be typed."""
        place = f"results_dir={as_text(str(self.runs))}"
        return [*self.words, *_typed(chosen), f"seed={seed}", place]

    @property
    def about(self) -> dict[str, Any]:
        """What the study says of itself to whoever opens it."""
        return {
            "agent": self.agent,
            "env": self.asked.env,
            "objective": self.objective,
            "seeds": list(self.asked.seeds),
            "words": list(self.words),
            "space": {key: dimension.text() for key, dimension in self.space.items()},
        }

    def as_it_is(self) -> dict[str, Any]:
        """The settings as they are without a search, as far as the space has them."""
        found = {}
        for key, dimension in self.space.items():
            value = value_at(self.base, key)
            if isinstance(value, Mapping) or value is MISSING:
                continue
            value = as_text(value) if isinstance(dimension, Choice) else value
            if dimension.holds(value):
                found[key] = value
        return found

    def check_base(self) -> None:
        """Raise RunError where trials would not have the settings that the search began with: a
        tuned file was changed in the meantime, by another search, say."""
        now = self.settings_of({})
        if _fixed(now, self.space) != _fixed(self.base, self.space):
            raise RunError(
                f"{self.agent}: its settings are others than when the search began (was a file in "
                "conf/tuned changed?); start it again"
            )

    def settings_of(self, chosen: Mapping[str, str]) -> Settings:
        """The settings with what was chosen of the space."""
        return compose([*self.words, *_typed(chosen)], self.asked.config_dir)


def pose(agent: str, asked: Asked, space: Space, file: Path | None) -> Question:
    """The search for the settings of an agent.

    space: what is varied beside what `file` says for the agent (None: where `space` is empty what
    is varied by default). Raises ConfigError for words that are not taken, and for values of the
    space that the agent or the environment does not take.
    """
    words = [f"agent={agent}", f"env={asked.env}", *asked.words]
    base = compose(words, asked.config_dir)
    if (full := _with_algorithm(base.agent.name)) not in ("", agent):
        return pose(full, asked, space, file)
    plan = plan_run(base)
    objective = _objective(asked, plan)
    if objective == "final_return" and not _is_given("stop_at_threshold", asked):
        words.append("stop_at_threshold=false")
    source = SPACES if file is None and not space else file
    from_file = {} if source is None else _from_file(source, agent, file is None)
    from_file = {key: one for key, one in from_file.items() if not _is_given(key, asked)}
    suited = _suited(words, asked, plan, from_file, source, drop=file is None)
    own = _suited(words, asked, plan, space, None, drop=False)
    whole = {**suited, **own}
    if not whole:
        raise ConfigError("space", None, "at least one key that varies: all are given one value")
    *_, folder, env_folder, _, _ = plan.name.directory.parts
    named = _hash(asked, base, whole, objective)
    place = asked.results_dir / folder / env_folder / named
    return Question(agent, asked, tuple(words), whole, objective, base, place)


def _with_algorithm(name: str) -> str:
    """How an agent of several algorithms is chosen with the one that it has; "" for any other. What
    is found for one algorithm must not be given to the others."""
    agent, algorithm = with_algorithm(name)
    return f"{agent}:{algorithm}" if algorithm else ""


def value_at(settings: Settings, key: str) -> Any:
    """The value of `agent.KEY`; MISSING where there is none."""
    value: Any = settings.agent.params
    for part in key.lstrip("+").split(".")[1:]:
        if not isinstance(value, Mapping) or part not in value:
            return MISSING
        value = value[part]
    return value


def _objective(asked: Asked, plan: RunPlan) -> Objective:
    has_threshold = plan.env.threshold is not None
    if asked.objective == "time_to_threshold" and not has_threshold:
        takes = f"final_return: {asked.env} has no threshold (env.threshold=NUMBER gives one)"
        raise ConfigError("objective", asked.objective, takes)
    return asked.objective or ("time_to_threshold" if has_threshold else "final_return")


def _from_file(file: Path, agent: str, is_default: bool) -> dict[str, Dimension]:
    spaces = read_spaces(file)
    if agent not in spaces:
        has = "rlbench has a space for " if is_default else f"{file} has one for "
        takes = f"space=FILE.yaml with what is varied of {agent}, or agent.KEY=interval(LOW,HIGH)"
        raise ConfigError("space", None, f"{takes}; {has}{', '.join(spaces) or 'none'}")
    return spaces[agent]


def _suited(
    words: list[str],
    asked: Asked,
    plan: RunPlan,
    space: Space,
    file: Path | None,
    *,
    drop: bool,
) -> dict[str, Dimension]:
    """The space without the keys of which a value is not taken. drop: leave these out; else raise
    what is wrong with them."""
    suited = dict(space)
    for chosen in _rounds(space):
        try:
            _try(words, asked, plan, chosen)
        except ConfigError:
            for key, value in chosen.items():  # which of them it is
                try:
                    _try(words, asked, plan, {key: value})
                except ConfigError as error:
                    if not drop:
                        if file is None or error.file:
                            raise
                        raise error.within(str(file)) from None
                    suited.pop(key, None)
    return suited


def _rounds(space: Space) -> Iterator[dict[str, str]]:
    """Choices in which each value that stands for others occurs."""
    for number in range(max((len(one.ends) for one in space.values()), default=0)):
        yield {key: one.ends[number] for key, one in space.items() if number < len(one.ends)}


def _try(words: list[str], asked: Asked, plan: RunPlan, chosen: Mapping[str, str]) -> None:
    settings = compose([*words, *_typed(chosen)], asked.config_dir)
    with settings.origins.named():
        agent_class, agent_settings = load_agent(settings)
        memory_mb_of(agent_class, plan.env.facts, agent_settings, plan.workers)


def _typed(chosen: Mapping[str, str]) -> list[str]:
    """As words; `+agent.kwargs.gamma` may be in a tuned file by now, so it is set or added."""
    return [
        f"{'++' if key.startswith('+') else ''}{key.lstrip('+')}={value}"
        for key, value in chosen.items()
    ]


def _is_given(key: str, asked: Asked) -> bool:
    return any(word.partition("=")[0].lstrip("+") == key.lstrip("+") for word in asked.words)


def _hash(asked: Asked, base: Settings, space: Space, objective: Objective) -> str:
    """What makes it another question: all but CHANGES_NOTHING, and what is varied."""
    values = base.model_dump(mode="json", exclude=CHANGES_NOTHING)
    values["agent"]["params"] = _fixed(base, space)
    varied = {key: dimension.text() for key, dimension in sorted(space.items())}
    content = [values, varied, objective, asked.seeds]
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_LENGTH]


def _fixed(settings: Settings, space: Space) -> dict[str, Any]:
    """The agent's settings that are not varied."""
    params = settings.model_dump(mode="json")["agent"]["params"]
    return _without(params, [key.lstrip("+").split(".")[1:] for key in space])


def _without(params: Mapping[str, Any], paths: list[list[str]]) -> dict[str, Any]:
    left = dict(params)
    for first, *rest in paths:
        if rest and isinstance(left.get(first), Mapping):
            left[first] = _without(left[first], [rest])
        else:
            left.pop(first, None)
    return left
