"""A run directory with known costs, for the model of `rlbench scale`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

PARAMETERS = 100
POPULATION = 16


def clock(generation: int, cpu_s: float, population: int) -> dict[str, float]:
    episodes = population * generation
    return {
        "env_steps": 100 * episodes, "env_frames": 100 * episodes, "episodes": episodes,
        "wall_s": cpu_s, "train_s": cpu_s, "eval_s": 0.0, "startup_s": 0.0, "checkpoint_s": 0.0,
        "unattributed_s": 0.0, "cpu_s": cpu_s, "train_cpu_s": cpu_s,
    }  # fmt: skip


def write_run(
    place: Path,
    *,
    agent: str = "es",
    cores: int = 1,
    cpu_per_s: float = 1.0,
    population: int = POPULATION,
    machine_cores: int | None = None,
    workers: int | None = None,
    settings: Mapping[str, object] | None = None,
    received_bytes: int | None = None,
) -> Path:
    """Ten generations that took 4 CPU-seconds each, every episode of 100 steps; tasks have two
    members. settings: further ones of the agent. received_bytes: of each row of training."""
    place.mkdir(parents=True)
    header = {
        "schema": 2, "rlbench": "0.3.0", "agent": agent, "env": "Toy-v0", "seed": 0, "setup": "s",
        "learning": "l", "fingerprint": "f", "threshold": 9.0, "levels": [9.0], "cores": cores,
        "max_episode_steps": 100, "cpu_count": machine_cores, "workers": workers,
    }  # fmt: skip
    (place / "run.json").write_text(json.dumps(header))
    agent_settings = {"population": population, "block_members": 2, "episodes_per_member": 1}
    (place / "config.yaml").write_text(
        json.dumps({"agent": {**agent_settings, **(settings or {})}})
    )
    described = json.dumps({"network": {"kind": "mlp", "inputs": 4}})
    parameters = np.zeros(PARAMETERS, np.float32)
    np.savez(place / "policy.npz", architecture=np.array(described), parameters=parameters)
    rows = [{"kind": "start", **clock(0, 0.0, population)}]
    for number in range(1, 11):
        now = clock(number, 4.0 * number, population)
        now["train_s"] = now["wall_s"] = now["train_cpu_s"] / cpu_per_s
        scalars = {"generation": number, "updates": number}
        messages = {} if received_bytes is None else {"received_bytes": received_bytes}
        rows.append({"kind": "train", **now, "scalars": scalars, **messages})
        evaluation = {"returns": [1.0, 1.0], "return_mean": 1.0, "lengths": [100, 100]}
        rows.append({"kind": "eval", **now, **evaluation, "truncated": [True, True]})
    rows.append({**rows[-1], "kind": "end", "status": "budget"})
    lines = [json.dumps({"seq": n, "attempt": 1, **row}) for n, row in enumerate(rows, 1)]
    (place / "log.jsonl").write_text("\n".join(lines) + "\n")
    return place
