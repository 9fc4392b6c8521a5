"""Evolution strategies on Pong from pixels with all cores, against the bare emulator.

Both play episodes of the same length, each begun by a seeded reset. That of the bare emulator,
ale-py's native environment, loads the game again (a tenth of a second, a third of the time of such
an episode); the project's lanes do not. What the emulator gives without resets is shown beside it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from benchmarks.measure import alternate, run, scratch, single_run
from benchmarks.model import Goal, Plan, Result, ratio
from benchmarks.peers import PROGRAMS

# 16 lanes a block on both sides: a member's dense layer of 6 MB serves its own lanes only, unless
# the noise is of low rank.
SIDES = {
    "full-rank": ("agent.noise=full", "agent.episodes_per_member=4", "agent.block_members=4"),
    "low-rank": ("agent.noise=lowrank", "agent.episodes_per_member=1", "agent.block_members=16"),
}
MEMORY_MB = 2000


def steps(plan: Plan) -> Result:
    """Training steps a second as a share of the emulator's, and memory with 400 members."""
    cores = os.cpu_count() or 1
    episode_steps = plan.size(500, 20)
    lanes = 16 * cores  # one block a worker
    common = [
        "agent=es", "env=ALE/Pong-v5", "agent.network=nature", f"agent.episode_cap={episode_steps}",
        f"cores={cores}", "executor=process", "stop_at_threshold=false",
        f"budget.env_steps={lanes * episode_steps}", "budget.train_seconds=null",
        "eval.every_steps=1000000", "eval.first_steps=1000000", "eval.episodes=1",
        "eval.max_episode_steps=20",
    ]  # fmt: skip
    bare_steps: list[float] = []
    peaks: list[float] = []
    with scratch() as folder:

        def ours(side: str) -> float:
            members = lanes // (4 if side == "full-rank" else 1)
            words = [*common, *SIDES[side], f"agent.population={members}"]
            summary = single_run(words, _fresh(folder)).summary
            peaks.append(float(summary["peak_rss_mb"]))
            return float(summary["env_steps_per_s"])

        def bare(_: int) -> float:
            words = ["--processes", str(cores), "--lanes", "16"]
            words += ["--episode-steps", str(episode_steps)]
            found = run([sys.executable, str(PROGRAMS / "bare_pong.py"), *words]).last_json()
            bare_steps.append(float(found["env_steps_per_s_without_resets"]))
            return float(found["env_steps_per_s"])

        samples = alternate(
            {
                "rlbench, full-rank": lambda _: ours("full-rank"),
                "rlbench, low-rank": lambda _: ours("low-rank"),
                "bare emulator": bare,
            },
            plan.repeats,
        )
    full, low, emulator = samples.values()
    text = f"ES, Pong, Nature network, {cores} cores, share of the bare emulator's steps/s"
    return Result(
        goals=(
            Goal(f"{text}, full-rank noise", ratio(full, emulator), 0.35),
            Goal(f"{text}, low-rank noise", ratio(low, emulator), 0.55),
            Goal("... full-rank, of its steps without resets", ratio(full, bare_steps)),
            Goal("... low-rank, of its steps without resets", ratio(low, bare_steps)),
            Goal("ES, Pong, Nature network, memory", max(peaks), MEMORY_MB, "under", "MB"),
        ),
        samples={**samples, "bare emulator, without resets": bare_steps},
        units=dict.fromkeys((*samples, "bare emulator, without resets"), "steps/s"),
        notes=(
            f"Episodes of {episode_steps} steps, {lanes} a run. Full-rank: 4 episodes a member; "
            "low-rank, rank 1: 1. The bare emulator: one process and thread a core, 16 games "
            "each, random actions. Memory is that of the largest of all runs, and does not grow "
            "with the population: workers hold the members of one block.",
        ),
    )  # fmt: skip


def _fresh(folder: Path) -> Path:
    return folder / f"run{len(list(folder.iterdir()))}"
