"""The sets of games for which one setting of each agent is found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rlbench.config.spaces import Space, read_spaces
from rlbench.published.atari import reference_scores


@dataclass(frozen=True)
class Suite:
    """Games that share one setting of each agent.

    envs: those that the setting is found on. given: what each run is given beside the id. place:
    below conf/, the file of an agent. about: what the file is for. rest: of each agent, where the
    settings that are not varied come from. seconds: of training in the first round, and longer: how
    many times as many in the second. overhead_s: of a run, beside its training: its start and its
    evaluations.
    """

    name: str
    envs: tuple[str, ...]
    given: tuple[str, ...]
    place: str
    about: str
    rest: Mapping[str, str]
    seconds: float
    longer: float
    overhead_s: float

    def spaces(self) -> Mapping[str, Space]:
        """What is varied of each agent; it stands beside this module."""
        return read_spaces(Path(__file__).with_name(f"{self.name}.yaml"))

    def words(self, agent: str, env: str) -> tuple[str, ...]:
        return (f"agent={agent}", f"env={env}", *self.given)

    def zeros(self) -> tuple[float, ...]:
        """Of each environment, a return that is worth nothing: random play's, where published."""
        return tuple(0.0 if (s := reference_scores(env)) is None else s.random for env in self.envs)


MINATAR = Suite(
    name="minatar",
    envs=("MinAtar/Asterix-v1", "MinAtar/Breakout-v1", "MinAtar/SpaceInvaders-v1"),
    given=(),
    place="tuned/{agent}/MinAtar.yaml",
    about="For every env=MinAtar/<Game>.",
    rest={
        "es": "The other settings are the agent's defaults.",
        "dqn": "The other settings are those of Young & Tian 2019 (arXiv 1903.03176; examples/"
        "dqn.py in kenjyoung/MinAtar), but for Adam in the place of an RMSProp with momentum.",
    },
    seconds=60.0,
    longer=4.0,
    overhead_s=10.0,
)
# None of the ten games that experiment=ram plays, of three kinds (a shooter, a fight, a maze), and
# none in which nothing happens before a button is pressed.
RAM = Suite(
    name="ram",
    envs=("ALE/Assault-v5", "ALE/Boxing-v5", "ALE/MsPacman-v5"),
    given=("experiment=ram", "eval.growth=4"),  # only the last evaluation counts
    place="experiment_agent/ram/{agent}.yaml",
    about="For every game of experiment=ram, which shows the emulator's memory.",
    rest={
        "es": "The cap of episodes is as on frames, where a member that waits for ever would cost "
        "a generation; the other settings are the agent's defaults.",
        "dqn": "The other settings: a network and a rhythm of updates as on the classic tasks, "
        "with the rewards, the replay and the exploration that Atari asks for; not searched.",
    },
    seconds=80.0,
    longer=2.0,
    overhead_s=60.0,
)
SUITES = {suite.name: suite for suite in (MINATAR, RAM)}
