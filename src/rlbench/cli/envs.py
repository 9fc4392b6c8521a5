"""`rlbench envs`: the environments that Gymnasium can make here."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from itertools import groupby
from pathlib import Path

from rlbench.cli.parser import Parser
from rlbench.config.folders import config_folder, search_folders
from rlbench.envs.catalogue import EXTRAS, Entry, entries

DESCRIPTION = """\
List the environments that can be asked for by env=ID, by family: the mean return that means
solved where Gymnasium, rlbench or a file in env/ of your folder ./conf names one, the cap on an
episode's steps, and the agents with tuned settings for it. Any other id that Gymnasium can make
works as well: env=PACKAGE:ID imports PACKAGE first."""
OWN_FAMILY = "Yours"
GYMNASIUMS = "solved at: the mean return that Gymnasium names, or a file in env/"
WHAT_SOLVED_IS = {
    "Atari": "solved at: halfway from the score of random play to that of a human",
    "MuJoCo": "solved at: half of TRPO's progress in the paper on ES (Humanoid: its score there)",
    OWN_FAMILY: "solved at: the threshold of a file in env/ of your configuration folder",
}
EXAMPLE = """\
examples:
  rlbench envs             all of them
  rlbench envs lunar       those with "lunar" in the id
  rlbench envs mujoco      those of a family
  rlbench envs tuned       those with tuned settings"""


def main(argv: Sequence[str]) -> int:
    """Print the list; `argv` are the words after `envs`. Returns the exit status."""
    parser = Parser("envs", DESCRIPTION, EXAMPLE)
    parser.add_argument("word", nargs="?", default="", help="only ids or families with this in it")
    parser.add_argument("--config-dir", metavar="DIR", help="a folder of YAML files of yours")
    arguments = parser.parse_args(list(argv))
    word, named = arguments.word.lower(), arguments.config_dir
    folders = search_folders(None if named is None else config_folder("--config-dir", named))
    known = entries()
    known += own_entries(folders, {entry.id for entry in known})
    tuned = {entry.id: agents_tuned_for(entry.id, folders) for entry in known}
    chosen = [entry for entry in known if _matches(entry, word, tuned[entry.id])]
    if not chosen:
        print(f"rlbench: no environment here has {word!r} in its id or family", file=sys.stderr)
        return 1
    thresholds = thresholds_in(folders)
    width = max(len(entry.id) for entry in chosen)
    for number, (family, members) in enumerate(groupby(chosen, key=lambda entry: entry.family)):
        print(f"\n{family}" if number else family)
        print(WHAT_SOLVED_IS.get(family, GYMNASIUMS))
        print(f"  {'id':<{width}}  {'solved at':>9}  {'step cap':>8}")
        for entry in members:
            threshold = thresholds.get(entry.id, entry.threshold)
            print(f"  {_line(entry, width, tuned[entry.id], threshold)}")
    return 0


def own_entries(folders: Sequence[Path], known: Collection[str]) -> list[Entry]:
    """The environments, beside the `known` ones, for which a file in env/ sets a threshold;
    `folders` are those of `search_folders`, of which the first is rlbench's own."""
    ids = thresholds_in(folders[1:])
    return [Entry(name, OWN_FAMILY, None, None) for name in sorted(ids) if name not in known]


def agents_tuned_for(env_id: str, folders: Sequence[Path]) -> list[str]:
    """The agents with settings for an environment, or for its whole namespace, in tuned/ of one of
    the `folders`."""
    namespace = env_id.rpartition("/")[0]
    files = [f"{name}.yaml" for name in (env_id, namespace) if name]
    agents = {agent for folder in folders for agent in (folder / "tuned").glob("*")}
    return sorted({agent.name for agent in agents for file in files if (agent / file).is_file()})


def thresholds_in(folders: Sequence[Path]) -> dict[str, float]:
    """The thresholds that env/ of the `folders` sets, by environment id; the first folder wins.
    Raises ConfigError for a file that cannot be read."""
    from omegaconf import OmegaConf

    from rlbench.config.errors import UNREADABLE, unreadable

    found: dict[str, float] = {}
    for root in (folder / "env" for folder in folders):
        for path in sorted(root.rglob("*.yaml")):
            try:
                values = OmegaConf.to_container(OmegaConf.load(path))
            except UNREADABLE as error:
                raise unreadable(path, error) from error
            env_id = path.relative_to(root).with_suffix("").as_posix()
            threshold = values.get("threshold") if isinstance(values, dict) else None
            if isinstance(threshold, int | float):
                found.setdefault(env_id, float(threshold))
    return found


def _matches(entry: Entry, word: str, tuned: Sequence[str]) -> bool:
    if word == "tuned":
        return bool(tuned)
    return word in entry.id.lower() or word in entry.family.lower()


def _line(entry: Entry, width: int, tuned: Sequence[str], threshold: float | None) -> str:
    level = "-" if threshold is None else f"{threshold:g}"
    cap = "-" if entry.max_episode_steps is None else str(entry.max_episode_steps)
    notes = []
    if tuned:
        notes.append(f"tuned: {', '.join(tuned)}")
    if entry.missing is not None:
        kind = "extra" if entry.missing in EXTRAS else "package"
        notes.append(f"needs {kind} {EXTRAS.get(entry.missing, entry.missing)}")
    return f"{entry.id:<{width}}  {level:>9}  {cap:>8}  {'; '.join(notes)}".rstrip()
