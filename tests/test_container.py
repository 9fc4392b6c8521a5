"""Limits of control groups, from files as the kernel shows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlbench import container

MIB = 2**20
UNLIMITED_V1 = "9223372036854771712"


def lay_out(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return root


def limits(root: Path) -> tuple[float | None, int | None, int | None]:
    return container.cores(root), container.memory_bytes(root), container.memory_left_bytes(root)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, (None, None, None)),  # no control groups, or no Linux
        (  # a container of version 2: its group is the top
            {
                "proc/self/cgroup": "0::/",
                "sys/fs/cgroup/cpu.max": "250000 100000",
                "sys/fs/cgroup/memory.max": f"{512 * MIB}",
                "sys/fs/cgroup/memory.current": f"{200 * MIB}",
                "sys/fs/cgroup/memory.stat": f"anon 5\ninactive_file {50 * MIB}",
            },
            (2.5, 512 * MIB, 362 * MIB),
        ),
        (  # a job of a batch system: the group above has the smaller share
            {
                "proc/self/cgroup": "0::/slurm/job_7/step_0",
                "sys/fs/cgroup/slurm/job_7/step_0/cpu.max": "max 100000",
                "sys/fs/cgroup/slurm/job_7/step_0/memory.max": "max",
                "sys/fs/cgroup/slurm/job_7/cpu.max": "400000 100000",
                "sys/fs/cgroup/slurm/cpu.max": "1600000 100000",
                "sys/fs/cgroup/slurm/job_7/memory.max": f"{64 * MIB}",
                "sys/fs/cgroup/slurm/job_7/memory.current": f"{80 * MIB}",
            },
            (4.0, 64 * MIB, 0),
        ),
        (  # the kernel names a path that the container does not see
            {
                "proc/self/cgroup": "0::/docker/0123abcd",
                "sys/fs/cgroup/cpu.max": "50000 100000",
            },
            (0.5, None, None),
        ),
        (  # version 1
            {
                "proc/self/cgroup": "4:cpu,cpuacct:/docker/1\n3:memory:/docker/1\n1:name=x:/",
                "sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_quota_us": "300000",
                "sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_period_us": "100000",
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1",
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
                "sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes": f"{256 * MIB}",
                "sys/fs/cgroup/memory/docker/1/memory.usage_in_bytes": f"{200 * MIB}",
                "sys/fs/cgroup/memory/docker/1/memory.stat": f"total_inactive_file {100 * MIB}",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": UNLIMITED_V1,
            },
            (3.0, 256 * MIB, 156 * MIB),
        ),
        (  # nothing that can be understood
            {
                "proc/self/cgroup": "0",
                "sys/fs/cgroup/cpu.max": "all of them",
                "sys/fs/cgroup/memory.max": "-5",
            },
            (None, None, None),
        ),
    ],
)
def test_limits_are_the_smallest_of_a_group_and_those_above(
    tmp_path: Path,
    files: dict[str, str],
    expected: tuple[float | None, int | None, int | None],
) -> None:
    assert limits(lay_out(tmp_path, files)) == expected
