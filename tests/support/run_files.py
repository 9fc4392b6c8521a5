"""Write run directories as the harness does, from a few numbers, for tests of the report."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from rlbench.runs.columns import Clock
from rlbench.runs.header import Header, Machine, write_header
from rlbench.runs.log import RunLog
from rlbench.runs.records import EndStatus, Mark
from rlbench.runs.summary import Contention, Summary, write_summary
from rlbench.settings import EnvSettings, EvalSettings

CPU_PER_TRAIN_S = 1.5
STARTUP_S = 0.5
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # some tests write hundreds of runs


@dataclass
class RunFiles:
    """A run of a given history; every time in training seconds."""

    agent: str = "es"
    env: str = "CartPole-v1"
    seed: int = 0
    threshold: float | None = 475.0
    levels: Sequence[float] | None = None
    history: Sequence[tuple[float, float | None]] = ((0.0, 10.0), (1.0, 480.0))  # (train_s, return)
    steps_per_s: float = 1000.0
    cpu_per_train_s: float = CPU_PER_TRAIN_S
    status: EndStatus | None = "solved"  # None: no end row and no summary
    budget_train_s: float | None = 600.0
    budget_env_steps: int | None = None
    train_rows: int = 1  # between two evaluations
    header: Mapping[str, Any] = field(default_factory=dict)  # replaces keys of run.json
    configuration: Mapping[str, Any] = field(default_factory=dict)  # `env.kwargs` and the like
    end_train_s: float | None = None  # of the end row, where later than the last evaluation

    def write(self, root: Path) -> Path:
        """Write all files below `root` and return the run's directory."""
        setup = str(self.header.get("setup", f"{self.agent}setup"))
        place = root / self.agent / self.env.replace("/", "__") / setup / f"seed{self.seed}"
        place.mkdir(parents=True)
        write_header(place, self._header(setup))
        if self.header:
            file = place / "run.json"
            file.write_text(json.dumps({**json.loads(file.read_text()), **self.header}))
        (place / "config.yaml").write_text(
            yaml.dump(self._configuration(), Dumper=DUMPER, sort_keys=False)
        )
        end, solved_at = self._write_log(place)
        if self.status is not None:
            write_summary(place, self._summary(self.status, end, solved_at))
        return place

    def row(self, kind: str, train_s: float, seq: int) -> dict[str, Any]:
        """One row as it is in the file, without its kind's own columns."""
        return {"kind": kind, "seq": seq, "attempt": 1, **self.clock(train_s).row()}

    def clock(self, train_s: float) -> Clock:
        """The clock after so much training."""
        return Clock(
            env_steps=round(train_s * self.steps_per_s),
            env_frames=round(train_s * self.steps_per_s),
            episodes=3,
            wall_s=train_s + STARTUP_S,
            train_s=float(train_s),
            startup_s=STARTUP_S,
            cpu_s=self.cpu_per_train_s * train_s + 1.0,
            train_cpu_s=self.cpu_per_train_s * train_s,
        )

    def _configuration(self) -> dict[str, Any]:
        target = {"es": "rlbench.agents.es.agent.ES", "dqn": "rlbench.agents.dqn.agent.DQN"}
        settings = {
            "env": EnvSettings(id=self.env).model_dump(mode="json"),
            "eval": EvalSettings().model_dump(mode="json"),
        }
        for key, value in self.configuration.items():
            part, _, name = key.partition(".")
            settings.setdefault(part, {})[name] = value
        agent = {"name": self.agent, "_target_": target.get(self.agent, "mine.Agent")}
        whole = {"agent": agent | settings.pop("agent", {}), "seed": self.seed, "executor": "auto"}
        return whole | settings

    def _header(self, setup: str) -> Header:
        levels = [self.threshold] if self.levels is None else list(self.levels)
        return Header(
            rlbench="0.1.0",
            agent=self.agent,
            version=1,
            env=self.env,
            seed=self.seed,
            setup=setup,
            learning=f"{self.agent}learn",
            fingerprint="abcdef0123",
            threshold=self.threshold,
            levels=tuple(level for level in levels if level is not None),
            budget_train_s=self.budget_train_s,
            budget_env_steps=self.budget_env_steps,
            stop_at_threshold=True,
            stop_at_levels=False,
            cores=2,
            cpu_affinity=(0, 1),
            executor="serial",
            workers=1,
            device="cpu",
            precision="float32",
            concurrent_jobs=1,
            machine=Machine(
                packages={"numpy": "2.4.6"},
                python="3.11.7",
                cpu_model="Example CPU @ 2.00GHz",
                cpu_count=2,
                memory_mb=24000,
                platform="Linux",
            ),
            started_at="2026-01-02T03:04:05Z",
            argv=(f"agent={self.agent}", f"env={self.env}", f"seed={self.seed}"),
            frame_skip=4 if self.env.startswith("ALE/") else 1,
            max_episode_steps=500,
            eval_max_episode_steps=500,
            eval_episodes=20,
        )

    def _write_log(self, place: Path) -> tuple[Clock, Mark | None]:
        """Write the rows; the last clock, and when the threshold was confirmed."""
        log = RunLog(place / "log.jsonl")
        log.started(self.clock(0.0))
        previous: Clock | None = None
        clock, solved_at = self.clock(0.0), None
        for index, (train_s, value) in enumerate(self.history):
            before = self.history[index - 1][0] if index else 0.0
            for step in range(self.train_rows if index else 0):
                at = before + (train_s - before) * (step + 1) / self.train_rows
                log.trained(self.clock(at), {"loss": 0.5})
            previous, clock = clock if index else None, self.clock(train_s)
            returns = np.array([math.nan if value is None else value])
            log.evaluated(
                clock,
                returns=returns,
                lengths=np.array([10]),
                truncated=np.array([False]),
                previous=previous,
            )
        if self.status == "solved":
            assert self.threshold is not None
            log.confirmed(clock, threshold=self.threshold, confirmed=True, mean=480.0, episodes=100)
            solved_at = Mark(clock, previous)
        if self.status is not None:
            clock = self.clock(self.end_train_s or self.history[-1][0])
            log.ended(clock, self.status)
        log.close()
        return clock, solved_at

    def _summary(self, status: EndStatus, end: Clock, solved_at: Mark | None) -> Summary:
        return Summary(
            status=status,
            clock=end,
            threshold=self.threshold,
            solved_at=solved_at,
            final_return_mean=self.history[-1][1],
            peak_rss_mb=100.0,
            workers=1,
            cores=2,
            contention=Contention(0.0, 0.0),
            error="env raised ValueError" if status == "failed" else None,
        )


def write_without_threshold(root: Path, env: str, **ends: float) -> None:
    """Five runs of each agent that can solve nothing: these returns at the end, a tenth more with
    each seed."""
    for agent, end in ends.items():
        for seed in range(5):
            RunFiles(agent=agent, env=env, seed=seed, threshold=None, levels=(), status="budget",
                     history=((0.0, 0.0), (60.0, end + 0.1 * seed)),
                     budget_train_s=60.0).write(root)  # fmt: skip
