"""Dreams of a run: its network, the same one untrained, and the game that it plays."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rlbench.dreams.ascent import ACTIONS
from rlbench.dreams.pictures import Dreamt
from rlbench.dreams.play import play
from rlbench.dreams.study import Asked, Study, patch_for
from rlbench.dreams.untrained import untrained
from rlbench.envs.family import Names
from rlbench.envs.make import family_of
from rlbench.errors import ReportError
from rlbench.harness.machine import working_directory_kept
from rlbench.nets.policy import NetworkPolicy
from rlbench.nets.tensorflow_runtime import start_tensorflow
from rlbench.playing.conditions import Conditions
from rlbench.playing.evaluation import plan_of
from rlbench.playing.source import Source


@dataclass(frozen=True)
class RunDreams:
    """What came of a run. begins: the picture that dreams began with, in words. untrained_words:
    where its untrained network comes from. patch_px: see `Game`."""

    dreamt: Dreamt
    begins: str
    untrained_words: str
    asked: Asked
    patch_px: int


def network_of(source: Source) -> NetworkPolicy:
    """The policy of a source; raises ReportError for one that has no convolutions to dream of."""
    policy = source.policy
    takes = "a policy of es or dqn on pixels, as on Atari or MinAtar"
    if not isinstance(policy, NetworkPolicy):
        raise ReportError(f"{source.path}: its policy is a {type(policy).__name__}; takes {takes}")
    if policy.network.observations != "frames":
        given = f"its network sees {policy.network.observation_shape[0]} numbers"
        raise ReportError(f"{source.path}: {given}, which are no picture; takes {takes}")
    return policy


def dream_of(
    source: Source, conditions: Conditions, title: str, asked: Asked, action: str, step: int | None
) -> RunDreams:
    """Dreams of a run's network, trained and untrained.

    conditions: under which its policy plays the frames. action: what of, by its name or number; ""
    for what `asked` says. step: see `play`. Raises ReportError or ConfigError for what cannot be
    used.
    """
    policy = network_of(source)
    names = _names(conditions)
    if action:
        unit = _action(action, names, policy.head.size)
        asked = replace(asked, layer=ACTIONS, unit=unit)
    played = play(policy, conditions, step)
    other, words = untrained(source, policy, played.frames)
    tensorflow = start_tensorflow(1)  # with one thread the same seed gives the same bytes
    tensorflow.get_logger().setLevel("ERROR")  # it warns of many layers as of many traces
    patch_px = patch_for(policy.network.observation_shape[1])
    study = Study(played, patch_px, asked)
    plan, _ = plan_of(conditions)
    dreamt = Dreamt(
        title, names, plan.facts.frames, study.before,
        list(study.dreams(policy)), list(study.dreams(other)),
    )  # fmt: skip
    frame = f"step {played.step} of the first episode of seed {conditions.seed}"
    begins = "noise" if asked.begin == "noise" else f"noise, and for the frame {frame}"
    return RunDreams(dreamt, frame if asked.begin == "frame" else begins, words, asked, patch_px)


def _names(conditions: Conditions) -> Names:
    with working_directory_kept():
        return family_of(conditions.env).names()


def _action(word: str, names: Names, size: int) -> int:
    """The number of an action."""
    if word.upper() in names.actions:
        return names.actions.index(word.upper())
    if word.isascii() and word.isdigit() and len(word) < 5 and int(word) < size:
        return int(word)
    takes = ", ".join(names.actions) or f"a number from 0 to {size - 1}"
    raise ReportError(f"--action {word}: takes {takes}")
