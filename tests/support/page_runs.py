"""Runs that the tests of the web page share."""

from __future__ import annotations

from pathlib import Path

from support.run_files import RunFiles

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{7*7}}"


def write_hostile(root: Path) -> None:
    """Runs whose every text is an attack."""
    for agent in ("es", "dqn", HOSTILE):
        header = {
            "agent": agent, "env": HOSTILE, "cpu_model": HOSTILE, "argv": [HOSTILE],
            "executor": HOSTILE, "device": HOSTILE, "rlbench": HOSTILE, "precision": HOSTILE,
            "started_at": HOSTILE, "git_commit": HOSTILE,
            "setup": f"{HOSTILE}{agent}", "learning": HOSTILE, "fingerprint": HOSTILE,
        }  # fmt: skip
        run = RunFiles(agent="x", env="y", header={**header, "setup": "z"}, status="failed")
        place = run.write(root / str(len(agent)) / "onclick=alert(1) javascript:alert(3)")
        (place / "config.yaml").write_text(f"name: {HOSTILE}\n\x1b[31m\u202e{HOSTILE}\n")
        summary = (place / "summary.json").read_text()
        (place / "summary.json").write_text(
            summary.replace("env raised ValueError", HOSTILE.replace('"', '\\"'))
        )


def write_pair(root: Path, env: str = "CartPole-v1", seeds: int = 5) -> None:
    for seed in range(seeds):
        slow = 1.0 + 0.2 * seed
        for agent, end in (("es", slow), ("dqn", 30 * slow)):
            RunFiles(
                agent=agent, env=env, seed=seed,
                history=((0.0, 0.0), (0.95 * end, 90.0), (end, 480.0)),
            ).write(root)  # fmt: skip
