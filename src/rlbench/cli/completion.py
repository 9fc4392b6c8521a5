"""`rlbench completion`: the script for a shell, and what it asks for when somebody presses Tab."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rlbench.cli.overview import SUBCOMMANDS
from rlbench.cli.parser import Parser
from rlbench.config.folders import search_folders
from rlbench.config.key_docs import KeyDoc, keys_of_agent, keys_of_runs, names

DESCRIPTION = "Print what makes a shell complete commands, keys and values of rlbench with Tab."
EXAMPLE = """\
examples:
  source <(rlbench completion bash)              in this shell; for all of them put the
                                                 line into ~/.bashrc (zsh: ~/.zshrc)
  rlbench completion fish > ~/.config/fish/completions/rlbench.fish"""
QUERY = "query"
BASH = """\
_rlbench() {
  local IFS=$' \\t\\n' line=${COMP_LINE:0:COMP_POINT} words word before
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  word=${words[-1]}
  IFS=$'\\n'
  COMPREPLY=($("${words[0]}" completion query -- "${words[@]:1}" 2>/dev/null))
  before=${word%"${word##*[=:]}"}  # bash itself takes = and : for the end of a word
  COMPREPLY=("${COMPREPLY[@]#"$before"}")
}
complete -o nospace -o default -F _rlbench rlbench
"""
ZSH = """\
#compdef rlbench
_rlbench() {
  local -a found
  found=("${(@f)$("${words[1]}" completion query -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  [[ -n "$found" ]] && compadd -Q -S '' -- "${found[@]}" || _files
}
compdef _rlbench rlbench
"""
FISH = """\
complete -c rlbench -a '(rlbench completion query -- (commandline -opc)[2..] (commandline -ct))'
"""
SHELLS = {"bash": BASH, "zsh": ZSH, "fish": FISH}
KEYS_OF_COMPARE = ("agents", "seeds")
KEYS_OF_TUNE = ("trials", "effort", "seeds", "objective", "space", "prune")
GROUPS = ("agent", "env", "executor", "experiment")  # each is chosen by a name
SWITCH = ("true", "false")


def main(argv: Sequence[str]) -> int:
    """Print the script of a shell, or for `query -- WORD ...` one candidate a line."""
    parser = Parser("completion", DESCRIPTION, EXAMPLE)
    parser.add_argument("shell", choices=[*SHELLS, QUERY], metavar="|".join(SHELLS))
    parser.add_argument("words", nargs="*", metavar="WORD", help="with query: the words so far")
    arguments = parser.parse_args(list(argv))
    if arguments.shell == QUERY:
        for candidate in candidates(arguments.words or [""]):
            print(candidate)
    else:
        print(SHELLS[arguments.shell], end="")
    return 0


def candidates(words: Sequence[str]) -> list[str]:
    """How the last of `words`, which follow `rlbench`, may go on; a word that is whole ends in a
    space. None where a file is asked for, which the shell itself knows."""
    *before, word = words
    if "=" in word:
        return _values(word)
    command = before[0] if before and before[0] in SUBCOMMANDS else ""
    keys = [f"{doc.key}=" for doc in _keys(before) if doc.default is not None]
    known = {
        "": [*keys, *([] if before else [*_whole(SUBCOMMANDS), "-m "])],
        "compare": [*(f"{key}=" for key in KEYS_OF_COMPARE), *keys],
        "tune": [*(f"{key}=" for key in KEYS_OF_TUNE), *keys],
        "help": [*_whole(key.rstrip("=") for key in keys), *_whole(SUBCOMMANDS)],
        "completion": _whole(SHELLS),
    }
    return [candidate for candidate in known.get(command, []) if candidate.startswith(word)]


def _whole(words: Iterable[str]) -> list[str]:
    return [f"{word} " for word in words]


def _keys(before: Sequence[str]) -> list[KeyDoc]:
    """All keys, the chosen agent's among them; of all agents where none is chosen."""
    folders = search_folders()
    chosen = re.findall(r"(?:^| )agents?=(\S+)", " ".join(before))
    agents = chosen[-1].split(",") if chosen else names("agent", folders)
    return [
        *(KeyDoc(group, "", "", folders[0]) for group in GROUPS),
        *(key for key in keys_of_runs(folders) if key.key not in GROUPS),
        *{key.key: key for agent in agents for key in keys_of_agent(agent, folders)}.values(),
    ]


def _values(word: str) -> list[str]:
    """`KEY=VALUE` with the values of a choice, each behind the commas that stand already."""
    key, _, value = word.partition("=")
    given, comma, last = value.rpartition(",")
    found = [each for each in _of(key.lstrip("+~")) if each.startswith(last)]
    return [f"{key}={given}{comma}{each}" for each in found]


def _of(key: str) -> list[str]:
    folders = search_folders()
    if key in ("agent", "agents"):
        return names("agent", folders)
    if key == "experiment":
        return names("experiment", folders)
    if key == "env":
        from rlbench.envs.catalogue import entries  # imports Gymnasium

        own = [name for name in names("env", folders) if "-v" in name]
        return sorted({*own, *(entry.id for entry in entries() if entry.missing is None)})
    if key == "executor":
        from rlbench.config.compose import executor_names  # imports Hydra

        return executor_names()
    if key == "objective":
        return ["time_to_threshold", "final_return"]
    fixed = {
        "device": ["cpu", "gpu"],
        "logger": ["tensorboard", "wandb", "mlflow"],
        "dry_run": ["true", "quick"],
    }
    if key in fixed:
        return fixed[key]
    default = next((doc.default for doc in _keys([]) if doc.key == key), None)
    return list(SWITCH) if default in SWITCH else []
