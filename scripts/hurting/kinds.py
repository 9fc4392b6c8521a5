"""All that can be done to runs."""

from __future__ import annotations

from hurting import clocks, containers, damage, disks, kill, overrides, together, workers
from hurting.trial import Kind

SAME = "The same command comes to the same run."

KINDS: dict[str, Kind] = {
    "kill": Kind("Killed at a random moment (`kill -9`)", SAME, 100, kill.trials),
    "worker": Kind(
        "A worker killed in every generation, or round of actors",
        "The run goes on, and comes to the same.", 4, workers.killed,
    ),
    "hang": Kind(
        "A step that never returns",
        "The run fails, and names the environment; once it returns, the same command comes to the "
        "same run.", 4, workers.hanging,
    ),
    "orphans": Kind(
        "What is left of a run that was ended",
        "No process, 5 seconds later (jobs of a sweep write a checkpoint first).", 16,
        workers.orphans,
    ),
    "disk": Kind(
        "A full disk", f"One line, and what is there stays; with more space: {SAME.lower()}", 12,
        disks.trials,
    ),
    "damage": Kind(
        "A checkpoint or a log cut at a random byte, or with flipped bits",
        "The damage is named. The checkpoint before is used, where it does not share what is "
        "damaged.", 32, damage.trials,
    ),
    "clock": Kind(
        "The time of day jumps forwards and backwards",
        "Nothing changes: no duration is negative, or longer than it was.", 4, clocks.trials,
    ),
    "two": Kind(
        "Two processes on one run", "One has it, the other says so and ends.", 8, together.trials
    ),
    "sweep": Kind("A sweep whose process is killed", SAME, 4, kill.sweeps),
    "container": Kind(
        "Limits of a container", "They count, and not the machine's.", 3, containers.trials
    ),
    "overrides": Kind(
        "Bad command lines", "An answer or one line, status 2, nothing written.", 1,
        overrides.trials,
    ),
}  # fmt: skip
