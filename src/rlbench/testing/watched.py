"""Lanes that watch how an agent uses them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rlbench.envs.family import LanesBuilder
from rlbench.interfaces import ActionSpec, Array, Counts, Lanes


@dataclass
class Watch:
    """What has been done to all lanes of one agent.

    env_steps: all steps, counted or not. digest: of every reset and action. may_replay: whether
    uncounted steps are allowed now. stop_at: a number of steps that is not to be passed.
    """

    env_steps: int = 0
    may_replay: bool = False
    agent_may_close: bool = False
    stop_at: int | None = None
    digest: Any = field(default_factory=hashlib.sha256)

    def trace(self) -> str:
        """The same for two agents exactly if they gave the same seeds and actions so far."""
        return str(self.digest.hexdigest())


@dataclass(frozen=True)
class WatchedBuilder:
    """Builds the lanes of another builder, watched."""

    builder: LanesBuilder
    action: ActionSpec
    watch: Watch

    def lanes(self, num_lanes: int, max_episode_steps: int, threads: int | None) -> Lanes:
        lanes = self.builder.lanes(num_lanes, max_episode_steps, threads)
        return WatchedLanes(lanes, self.action, self.watch)


class WatchedLanes:
    """Other lanes, which raise AssertionError where they are not used as `Lanes` says."""

    def __init__(self, lanes: Lanes, action: ActionSpec, watch: Watch) -> None:
        self._lanes, self._action, self._watch = lanes, action, watch
        self.num_lanes = lanes.num_lanes
        self._playing = np.zeros(lanes.num_lanes, np.bool_)
        self._counting = True

    @property
    def counts(self) -> Counts:
        return self._lanes.counts

    @property
    def lives(self) -> Array | None:
        return self._lanes.lives

    def reset(self, lanes: Array, seeds: Array) -> Array:
        self._check_lanes("reset", lanes)
        if len(seeds) != len(lanes):
            raise AssertionError(f"lanes.reset: {len(lanes)} lanes and {len(seeds)} seeds")
        self._note(b"reset", lanes, seeds)
        self._playing[lanes] = True
        return self._lanes.reset(lanes, seeds)

    def step(self, lanes: Array, actions: Array) -> tuple[Array, Array, Array, Array]:
        self._check_lanes("step", lanes)
        if not self._playing[lanes].all():
            raise AssertionError("lanes.step: a lane whose episode has ended, or not begun")
        wrong = self._action.wrong(actions, len(lanes))
        if wrong is not None:
            raise AssertionError(f"lanes.step: {wrong}")
        if not self._counting and not self._watch.may_replay:
            raise AssertionError(
                "steps within lanes.uncounted() that replay nothing: only what was counted before "
                "a checkpoint may be played again uncounted, before anything else"
            )
        self._note(b"step", lanes, actions)
        results = self._lanes.step(lanes, actions)
        self._playing[lanes] = ~(results[2] | results[3])
        self._watch.env_steps += len(lanes)
        stop_at = self._watch.stop_at
        if stop_at is not None and self._watch.env_steps > stop_at:
            raise AssertionError("advance: goes on for long after should_stop() has become true")
        return results

    @contextmanager
    def uncounted(self) -> Iterator[None]:
        self._counting = False
        try:
            with self._lanes.uncounted():
                yield
        finally:
            self._counting = True

    def close(self) -> None:
        if not self._watch.agent_may_close:
            raise AssertionError("close: lanes belong to the harness, which closes them itself")
        self._lanes.close()

    def _check_lanes(self, call: str, lanes: Array) -> None:
        known = len(lanes) and np.min(lanes) >= 0 and np.max(lanes) < self.num_lanes
        if not known or len(np.unique(lanes)) != len(lanes):
            raise AssertionError(
                f"lanes.{call}: {lanes} are not different lanes of {self.num_lanes}"
            )

    def _note(self, call: bytes, *arrays: Array) -> None:
        if self._counting:
            self._watch.may_replay = False
            self._watch.digest.update(call)
            for array in arrays:
                self._watch.digest.update(np.ascontiguousarray(array).tobytes())
