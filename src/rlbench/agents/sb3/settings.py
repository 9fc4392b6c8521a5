"""The settings of the agent of Stable-Baselines3, and which of them come from where."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, PositiveInt

from rlbench.errors import ConfigError
from rlbench.extras import refuse_missing
from rlbench.interfaces import AgentParameters, EnvFacts
from rlbench.settings import AUTO, Auto, Frozen, Steps, resolve

Algorithm = Literal["A2C", "PPO", "DQN", "SAC", "TD3", "TQC", "QRDQN", "TRPO", "ARS"]
Policy = Literal["MlpPolicy", "CnnPolicy", "LinearPolicy"]
Network = Literal["nature", "a3c"]

NATURE: Network = "nature"  # Stable-Baselines3's own network for frames
DISCRETE = ("discrete",)
BOX = ("box",)
# The kinds of action (see ActionSpec) that each algorithm takes.
ACTIONS: Mapping[str, tuple[str, ...]] = {
    "A2C": ("discrete", "multi_discrete", "box"),
    "PPO": ("discrete", "multi_discrete", "box"),
    "TRPO": ("discrete", "multi_discrete", "box"),
    "DQN": DISCRETE,
    "QRDQN": DISCRETE,
    "SAC": BOX,
    "TD3": BOX,
    "TQC": BOX,
    "ARS": ("discrete", "box"),
}
OFF_POLICY = ("DQN", "QRDQN", "SAC", "TD3", "TQC")  # those with a replay
EXPLORES_FOR_A_FRACTION = ("DQN", "QRDQN")  # of the schedule's steps
CONTRIB = ("ARS", "QRDQN", "TQC", "TRPO")  # of sb3-contrib
SCHEDULED = ("learning_rate", "clip_range", "clip_range_vf", "delta_std")
LINEAR = "lin_"  # before a number: from it to 0 in a line, as RL Zoo writes it
SCHEDULE_STEPS = 1_000_000  # where nothing says how long a schedule is, as in RL Zoo
REPLAY_STEPS = 1_000_000  # Stable-Baselines3's own default
# The least of those numbers that are needed before Stable-Baselines3 sees them.
WHOLE_NUMBERS = {"buffer_size": 1, "learning_starts": 0, "n_steps": 1}
# Arguments of the algorithms that are not to be given, and why.
REFUSED = {
    "policy": "agent.policy chooses it",
    "env": "env=ID chooses it",
    "seed": "seed is the run's",
    "device": "device is the run's",
    "verbose": "a run says what it does itself",
    "tensorboard_log": "logger=tensorboard writes event files",
    "stats_window_size": "a run counts its episodes itself",
    "optimize_memory_usage": "its rows change after they were added, so none could be saved once",
    "replay_buffer_class": "a checkpoint holds Stable-Baselines3's own replay only",
    "replay_buffer_kwargs": "a checkpoint holds Stable-Baselines3's own replay only",
    "rollout_buffer_class": "only Stable-Baselines3's own is known to keep nothing",
    "rollout_buffer_kwargs": "only Stable-Baselines3's own is known to keep nothing",
    "_init_setup_model": "the model is always set up",
}


def _can_be_given(value: dict[str, Any]) -> dict[str, Any]:
    for name, why in REFUSED.items():
        if name in value:
            raise ConfigError(f"agent.kwargs.{name}", value[name], f"no value here: {why}")
    for name, least in WHOLE_NUMBERS.items():
        if not _is_whole(value.get(name, least), least):
            raise ConfigError(
                f"agent.kwargs.{name}", value[name], f"a whole number from {least} on"
            )
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        takes = f"numbers, text, lists and mappings ({error})"
        raise ConfigError("agent.kwargs", value, takes) from None
    return value


Kwargs = Annotated[dict[str, Any], AfterValidator(_can_be_given)]


class Tuned(Frozen):
    """What was found for one algorithm on one environment; see `SB3Settings` for the keys."""

    policy: Auto | Policy = AUTO
    network: Network = NATURE
    num_lanes: PositiveInt = 1
    schedule_steps: Steps | None = None
    normalize_observations: bool = False
    normalize_rewards: bool = False
    clip_rewards: bool = False
    life_loss_ends_episode: bool = False
    kwargs: Kwargs = Field(default_factory=dict)


class SB3Settings(AgentParameters):
    """kwargs: arguments of the algorithm's class. tuned: by algorithm; what is auto, and each of
    the arguments that `kwargs` lacks, is taken from there."""

    actions: ClassVar[Mapping[str, tuple[str, ...]]] = ACTIONS
    extra: ClassVar[str] = "sb3"  # of rlbench, which installs what the agent needs

    algorithm: Algorithm = "PPO"
    kwargs: Kwargs = Field(default_factory=dict)
    policy: Auto | Policy = AUTO
    network: Auto | Network = AUTO
    num_lanes: Auto | PositiveInt = AUTO
    schedule_steps: Steps | None = None
    normalize_observations: Auto | bool = AUTO
    normalize_rewards: Auto | bool = AUTO
    clip_rewards: Auto | bool = AUTO
    life_loss_ends_episode: Auto | bool = AUTO
    threads: Auto | PositiveInt = 1
    tuned: dict[Algorithm, Tuned] = Field(default_factory=dict)

    @property
    def chosen(self) -> Tuned:
        """What the algorithm is given, with nothing left to choose but `policy`."""
        tuned = self.tuned.get(self.algorithm, Tuned())
        return Tuned(
            policy=resolve(self.policy, tuned.policy),
            network=resolve(self.network, tuned.network),
            num_lanes=resolve(self.num_lanes, tuned.num_lanes),
            schedule_steps=self.schedule_steps or tuned.schedule_steps or SCHEDULE_STEPS,
            normalize_observations=resolve(
                self.normalize_observations, tuned.normalize_observations
            ),
            normalize_rewards=resolve(self.normalize_rewards, tuned.normalize_rewards),
            clip_rewards=resolve(self.clip_rewards, tuned.clip_rewards),
            life_loss_ends_episode=resolve(
                self.life_loss_ends_episode, tuned.life_loss_ends_episode
            ),
            kwargs=_merged(tuned.kwargs, self.kwargs),
        )

    @property
    def packages(self) -> list[str]:
        """The modules that the algorithm needs."""
        contrib = ["sb3_contrib"] if self.algorithm in CONTRIB else []
        return ["torch", "stable_baselines3", *contrib]

    def check_installed(self) -> None:
        """See `AgentParameters`."""
        refuse_missing(self.packages, self.extra)

    def identity(self, cores: int) -> dict[str, Any]:
        """What the algorithm is given, wherever it came from. The length of schedules counts only
        where something follows one, and PyTorch computes the same only on as many threads."""
        chosen = self.chosen.model_dump(mode="json", exclude_defaults=True)
        if not self.follows_a_schedule:
            del chosen["schedule_steps"]
        return {"algorithm": self.algorithm, "threads": self.threads_of(cores), **chosen}

    @property
    def follows_a_schedule(self) -> bool:
        """Whether anything that is learned depends on `schedule_steps`."""
        kwargs = self.chosen.kwargs
        falls = any(is_linear(kwargs.get(name)) for name in SCHEDULED)
        return falls or self.algorithm in EXPLORES_FOR_A_FRACTION

    def threads_of(self, cores: int) -> int:
        """The threads that PyTorch gets in a run with so many cores."""
        return min(resolve(self.threads, cores), cores)

    def for_probe(self) -> SB3Settings:
        """Learning from the first hundred steps on, with a small replay."""
        if self.algorithm not in OFF_POLICY:
            return self
        given = self.chosen.kwargs
        soon = {
            "learning_starts": min(given.get("learning_starts", 100), 100),
            "buffer_size": min(given.get("buffer_size", REPLAY_STEPS), 10_000),
        }
        return self.model_copy(update={"kwargs": {**self.kwargs, **soon}})

    def policy_for(self, env: EnvFacts) -> Policy:
        """The policy's class; raises ConfigError where it does not suit the environment."""
        asked = self.chosen.policy
        automatic: Policy = "CnnPolicy" if env.pixels else "MlpPolicy"
        if asked == AUTO:
            return automatic
        if asked != automatic and "CnnPolicy" in (asked, automatic):
            raise ConfigError("agent.policy", asked, f"{automatic}, which suits {env.id}")
        if asked == "LinearPolicy" and self.algorithm != "ARS":
            raise ConfigError("agent.policy", asked, "it for agent.algorithm=ARS only")
        return asked

    def check_environment(self, env: EnvFacts) -> None:
        """Raise ConfigError where the algorithm does not suit the environment."""
        if env.pixels and not env.frames:
            takes = (
                "vectors or stacked frames with agent=sb3: its networks are too large for boards"
            )
            raise ConfigError("env", env.id, takes)
        self.policy_for(env)
        if not env.frames and (self.network != AUTO or self.chosen.network != NATURE):
            takes = f"auto: nature and a3c are networks for frames, and {env.id} has none"
            raise ConfigError("agent.network", self.chosen.network, takes)
        kind = env.action.kind
        if kind not in self.actions[self.algorithm]:
            suiting = [name for name, kinds in self.actions.items() if kind in kinds]
            takes = f"{', '.join(suiting[:-1])} or {suiting[-1]}: {env.id} takes {_WORDS[kind]}"
            raise ConfigError("agent.algorithm", self.algorithm, takes)
        if kind == "box" and not all(abs(side) < float("inf") for side in _sides(env)):
            takes = "actions with bounds, which Stable-Baselines3 needs"
            raise ConfigError("env", env.id, takes)
        if env.pixels and self.chosen.normalize_observations:
            takes = "false: frames are scaled, not normalized"
            raise ConfigError("agent.normalize_observations", True, takes)
        self._check_frequency()

    def _check_frequency(self) -> None:
        """Of learning with a replay; Stable-Baselines3 looks at it when training has begun."""
        chosen = self.chosen
        given = chosen.kwargs.get("train_freq", 1)
        number, unit = given if isinstance(given, list) and len(given) == 2 else (given, "step")
        if not _is_whole(number, 1) or unit not in ("step", "episode"):
            takes = "a number of steps from 1 on, or of episodes, as [1,episode]"
            raise ConfigError("agent.kwargs.train_freq", given, takes)
        if unit == "episode" and chosen.num_lanes > 1:
            takes = "1 where agent.kwargs.train_freq is in episodes"
            raise ConfigError("agent.num_lanes", chosen.num_lanes, takes)


_WORDS = {
    "discrete": "one of several actions",
    "multi_discrete": "several choices at once",
    "box": "continuous actions",
}


def is_linear(value: Any) -> bool:
    """Whether an argument is a schedule as RL Zoo writes it, `lin_0.001`."""
    return isinstance(value, str) and value.startswith(LINEAR)


def _is_whole(value: Any, least: int) -> bool:
    return type(value) is int and value >= least


def _sides(env: EnvFacts) -> tuple[float, ...]:
    return (*env.action.low, *env.action.high)


def _merged(first: Mapping[str, Any], then: Mapping[str, Any]) -> dict[str, Any]:
    """Both, `then` winning; of a mapping within (policy_kwargs) key by key."""
    merged = dict(first)
    for key, value in then.items():
        mine = merged.get(key)
        both = isinstance(mine, Mapping) and isinstance(value, Mapping)
        merged[key] = _merged(mine, value) if both else value  # type: ignore[arg-type]
    return merged
