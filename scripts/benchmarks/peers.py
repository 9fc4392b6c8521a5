"""Each peer in a separate environment below .bench/, made once and kept."""

from __future__ import annotations

import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import BENCH_DIR, CHECKOUT, Finished, run

PROGRAMS = CHECKOUT / "scripts" / "bench_peers"
UV = Path(sys.executable).with_name("uv")
# PyTorch goes in first and by pip: only pip finds a CPU build that is offered as a file
# (`find-links`), and what follows is then content with it.
TORCH = "torch==2.13.0"


@dataclass(frozen=True)
class Peer:
    """What to install: `with_pip` before `packages`, which uv resolves. beside_rlbench: rlbench and
    all that it needs can be imported there, too."""

    packages: tuple[str, ...]
    with_pip: tuple[str, ...] = ()
    beside_rlbench: bool = False


PEERS = {
    "sb3": Peer(("stable-baselines3==2.9.2", "gymnasium==1.4.0"), (TORCH,)),
    # As with `pip install rlbench[sb3]`.
    "rlbench_sb3": Peer(
        ("stable-baselines3==2.9.2", "sb3-contrib==2.9.2", "gymnasium==1.4.0"),
        (TORCH,),
        beside_rlbench=True,
    ),
    # As with `pip install rlbench[evosax]`.
    "rlbench_evosax": Peer(("evosax==0.3.2", "jax==0.10.2"), beside_rlbench=True),
    "sb3_atari": Peer(
        (
            "stable-baselines3==2.9.2",
            "gymnasium==1.4.0",
            "ale-py==0.12.1",
            "opencv-python-headless",
        ),
        (TORCH,),
    ),
    "evotorch": Peer(("evotorch==0.6.1", "gymnasium[mujoco]==1.4.0"), (TORCH,)),
    "envpool": Peer(("envpool==1.2.5", "gymnasium[mujoco]==1.4.0")),
    # gymnax before 1 is the one that evosax's problem class takes; it needs gym and six unasked.
    "evosax": Peer(("evosax==0.3.2", "gymnax<1", "jax==0.10.2", "gym==0.26.2", "six")),
}


def environment(name: str) -> Path:
    """The Python of peer `name`, whose environment is made now if it is not there."""
    peer = PEERS[name]
    folder = BENCH_DIR / name
    python, stamp = folder / "bin" / "python", folder / "rlbench-bench-complete"
    wanted = "\n".join((*peer.with_pip, *peer.packages))
    if stamp.exists() and stamp.read_text() == wanted and python.exists():
        return python
    print(f"  installing {name} into {folder.relative_to(CHECKOUT)}", flush=True)
    stamp.unlink(missing_ok=True)
    if not python.exists():
        run([sys.executable, "-m", "venv", "--clear", folder])
    if peer.with_pip:
        run([python, "-m", "pip", "install", "--quiet", *peer.with_pip])
    # Bytecode is compiled for the peers as it is for the project: imports count.
    uv = [str(UV), "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python)]
    run([*uv, *peer.packages])
    if peer.beside_rlbench:
        beside = [str(CHECKOUT / "src"), sysconfig.get_path("purelib")]
        (site,) = folder.glob("lib/python*/site-packages")
        (site / "beside.pth").write_text("".join(f"{path}\n" for path in beside))
    stamp.write_text(wanted)
    return python


def program(peer: str, file: str, *words: str) -> Finished:
    """Run `scripts/bench_peers/FILE WORDS` in the environment of `peer`."""
    return run([environment(peer), PROGRAMS / file, *words], {"JAX_PLATFORMS": "cpu"})


def versions(name: str) -> dict[str, str]:
    """The versions of what makes peer `name`, as installed."""
    listed = run([UV, "pip", "freeze", "--quiet", "--python", environment(name)]).stdout
    found = dict(line.split("==", 1) for line in listed.splitlines() if "==" in line)
    kept = (
        "stable-baselines3",
        "torch",
        "evotorch",
        "ray",
        "evosax",
        "gymnax",
        "jax",
        "numpy",
        "envpool",
    )
    return {package: found[package] for package in (*kept, "gymnasium") if package in found}
