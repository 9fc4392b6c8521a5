"""Write run directories as the harness does, from a few numbers, for tests of the report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CPU_PER_TRAIN_S = 1.5
STARTUP_S = 0.5


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
    status: str | None = "solved"  # None: no end row and no summary
    budget_train_s: float | None = 600.0
    budget_env_steps: int | None = None
    train_rows: int = 1  # between two evaluations
    header: Mapping[str, Any] = field(default_factory=dict)  # replaces keys of run.json
    end_train_s: float | None = None  # of the end row, where later than the last evaluation

    def write(self, root: Path) -> Path:
        """Write all files below `root` and return the run's directory."""
        levels = [self.threshold] if self.levels is None else list(self.levels)
        run_json: dict[str, Any] = {
            "schema": 1, "rlbench": "0.1.0", "agent": self.agent, "env": self.env,
            "seed": self.seed, "setup": f"{self.agent}setup", "learning": f"{self.agent}learn",
            "fingerprint": "abcdef0123", "threshold": self.threshold,
            "levels": [level for level in levels if level is not None],
            "random_return": None,
            "budget": {"train_seconds": self.budget_train_s, "env_steps": self.budget_env_steps},
            "stop_at_threshold": True, "cores": 2, "cpu_affinity": [0, 1], "executor": "serial",
            "workers": 1, "device": "cpu", "precision": "float32", "concurrent_jobs": 1,
            "packages": {"numpy": "2.4.6"}, "python": "3.11.7", "git_commit": None,
            "git_dirty": None, "cpu_model": "Example CPU @ 2.00GHz", "cpu_count": 2,
            "memory_mb": 24000, "platform": "Linux", "started_at": "2026-01-02T03:04:05Z",
            "argv": [f"agent={self.agent}", f"env={self.env}", f"seed={self.seed}"],
            "frame_skip": 1, "max_episode_steps": 500, "eval_max_episode_steps": 500,
            "eval_episodes": 20, **self.header,
        }  # fmt: skip
        place = (
            root / self.agent / self.env.replace("/", "__")
            / str(run_json["setup"]) / f"seed{self.seed}"
        )  # fmt: skip
        place.mkdir(parents=True)
        (place / "run.json").write_text(json.dumps(run_json))
        (place / "config.yaml").write_text(f"agent:\n  name: {self.agent}\nseed: {self.seed}\n")
        rows = self.rows()
        (place / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        if self.status is not None:
            (place / "summary.json").write_text(json.dumps(self.summary(rows)))
        return place

    def rows(self) -> list[dict[str, Any]]:
        """The rows of the log."""
        rows = [self.row("start", 0.0, 0)]
        for index, (train_s, value) in enumerate(self.history):
            before = self.history[index - 1][0] if index else 0.0
            for step in range(self.train_rows if index else 0):
                at = before + (train_s - before) * (step + 1) / self.train_rows
                rows.append(self.row("train", at, len(rows)) | {"loss": 0.5})
            rows.append(
                self.row("eval", train_s, len(rows))
                | {"returns": [value], "return_mean": value, "lengths": [10], "truncated": [False]}
            )
        last = self.history[-1][0]
        if self.status == "solved":
            rows.append(
                self.row("solved", last, len(rows))
                | {"threshold": self.threshold, "confirmed": True, "confirmation_mean": 480.0}
            )
        if self.status is not None:
            end = self.end_train_s or last
            rows.append(self.row("end", end, len(rows)) | {"status": self.status})
        return rows

    def row(self, kind: str, train_s: float, seq: int) -> dict[str, Any]:
        """One row without its kind's own fields."""
        return {
            "kind": kind, "seq": seq, "attempt": 1, "env_steps": round(train_s * self.steps_per_s),
            "env_frames": round(train_s * self.steps_per_s), "episodes": 3,
            "wall_s": train_s + STARTUP_S, "train_s": train_s, "eval_s": 0.0,
            "startup_s": STARTUP_S, "checkpoint_s": 0.0, "unattributed_s": 0.0,
            "cpu_s": CPU_PER_TRAIN_S * train_s + 1.0, "train_cpu_s": CPU_PER_TRAIN_S * train_s,
        }  # fmt: skip

    def summary(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """summary.json for these rows."""
        end = rows[-1]
        clock = ("env_steps", "train_s", "cpu_s", "train_cpu_s", "wall_s", "startup_s")
        solved = [row for row in rows if row["kind"] == "solved"]
        at = {key: solved[0][key] for key in clock} if solved else None
        return {
            "schema": 1, "status": self.status, "threshold": self.threshold, "solved_at": at,
            "reached": {}, "final_return_mean": self.history[-1][1], "best_return_mean": None,
            "env_steps_per_s": self.steps_per_s, "peak_rss_mb": 100.0, "workers": 1, "cores": 2,
            "attempts": 1, "error": "env raised ValueError" if self.status == "failed" else None,
            **{key: end[key] for key in (*clock, "eval_s", "checkpoint_s", "unattributed_s")},
        }  # fmt: skip
