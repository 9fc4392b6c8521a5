"""`rlbench envs`: the environments that Gymnasium can make here."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import groupby

from rlbench.config.source import conf_dir
from rlbench.envs.catalogue import EXTRAS, Entry, entries

DESCRIPTION = """\
List the environments that can be asked for by env=ID, by family: the mean return that means
solved where Gymnasium or rlbench names one, the cap on an episode's steps, and the agents with
tuned settings for it. Any other id that Gymnasium can make works as well: env=PACKAGE:ID imports
PACKAGE first."""
EXAMPLE = """\
examples:
  rlbench envs             all of them
  rlbench envs lunar       those with "lunar" in the id
  rlbench envs mujoco      those of a family
  rlbench envs tuned       those with tuned settings"""


def main(argv: Sequence[str]) -> int:
    """Print the list; `argv` are the words after `envs`. Returns the exit status."""
    parser = argparse.ArgumentParser(
        "rlbench envs",
        description=DESCRIPTION,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("word", nargs="?", default="", help="only ids or families with this in it")
    word = parser.parse_args(list(argv)).word.lower()
    tuned = tuned_pairs()
    levels = own_thresholds()
    chosen = [entry for entry in entries() if _matches(entry, word, tuned)]
    if not chosen:
        print(f"rlbench: no environment here has {word!r} in its id or family", file=sys.stderr)
        return 1
    width = max(len(entry.id) for entry in chosen)
    for family, members in groupby(chosen, key=lambda entry: entry.family):
        print(f"\n{family}")
        print(f"  {'id':<{width}}  {'solved at':>9}  {'step cap':>8}")
        for entry in members:
            print(f"  {_line(entry, width, tuned.get(entry.id, []), levels)}")
    print()
    return 0


def tuned_pairs() -> dict[str, list[str]]:
    """The agents with a file in conf/tuned, by environment id."""
    pairs: dict[str, list[str]] = {}
    root = conf_dir() / "tuned"
    for path in sorted(root.rglob("*.yaml")):
        agent, _, env_id = path.relative_to(root).with_suffix("").as_posix().partition("/")
        pairs.setdefault(env_id, []).append(agent)
    return pairs


def own_thresholds() -> dict[str, float]:
    """The thresholds that conf/env sets, by environment id."""
    from omegaconf import OmegaConf

    root = conf_dir() / "env"
    files = [OmegaConf.to_container(OmegaConf.load(path)) for path in sorted(root.rglob("*.yaml"))]
    return {
        str(file["id"]): float(file["threshold"])
        for file in files
        if isinstance(file, dict) and file.get("threshold") is not None and "id" in file
    }


def _matches(entry: Entry, word: str, tuned: dict[str, list[str]]) -> bool:
    if word == "tuned":
        return entry.id in tuned
    return word in entry.id.lower() or word in entry.family.lower()


def _line(entry: Entry, width: int, agents: list[str], levels: dict[str, float]) -> str:
    threshold = levels.get(entry.id, entry.threshold)
    level = "-" if threshold is None else f"{threshold:g}"
    cap = "-" if entry.max_episode_steps is None else str(entry.max_episode_steps)
    notes = []
    if agents:
        notes.append(f"tuned: {', '.join(agents)}")
    if entry.missing is not None:
        kind = "extra" if entry.missing in EXTRAS else "package"
        notes.append(f"needs {kind} {EXTRAS.get(entry.missing, entry.missing)}")
    return f"{entry.id:<{width}}  {level:>9}  {cap:>8}  {'; '.join(notes)}".rstrip()
