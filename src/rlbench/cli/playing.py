"""What the commands that play a saved policy share on their command lines."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from rlbench.cli.arguments import file
from rlbench.cli.parser import Parser
from rlbench.errors import ConfigError, ReportError
from rlbench.playing.conditions import Conditions
from rlbench.playing.source import Source, conditions_for

TAKEN = ("env.", "eval.max_episode_steps")  # beside env=ID


def playing_parser(
    name: str, usage: str, description: str, examples: str
) -> argparse.ArgumentParser:
    """The parser of `rlbench NAME USAGE`, whose paths and KEY=VALUE words are `words`."""
    parser = Parser(name, description, examples, usage)
    parser.add_argument("words", nargs="*", metavar="RUN|FILE", type=_word, help=argparse.SUPPRESS)
    return parser


def _word(word: str) -> str:
    """A path or a KEY=VALUE word; neither is empty."""
    file(word)
    return word


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """The type of an option that takes whole numbers from `low` to `high`."""

    def read(word: str) -> int:
        digits = word.isascii() and word.isdigit() and len(word) < 20
        if not digits or not low <= int(word) <= high:
            takes = f"a whole number from {low} to {high}"
            raise argparse.ArgumentTypeError(f"got {word}, takes {takes}")
        return int(word)

    return read


def sorted_words(words: Sequence[str]) -> tuple[list[Path], list[str]]:
    """Paths and KEY=VALUE words, which may stand in any order. Raises ConfigError for a key that is
    not taken here."""
    settings = [word for word in words if _is_setting(word)]
    for word in settings:
        key, value = _key_and_value(word)
        if not key:
            raise ConfigError("command line", word, "RUN, FILE or KEY=VALUE")
        if key != "env" and not key.startswith(TAKEN):
            raise ConfigError(key, value, "no value here; env, env.KEY and eval.max_episode_steps")
    return [Path(word) for word in words if not _is_setting(word)], settings


def _key_and_value(word: str) -> tuple[str, str]:
    key, _, value = word.lstrip("+").partition("=")
    return key, value


def _is_setting(word: str) -> bool:
    """Whether a word sets something; a path that is there may have a = in it, too."""
    key, equals, _ = word.partition("=")
    return bool(equals) and "/" not in key and not Path(word).exists()


def asked_conditions(source: Source, words: Sequence[str]) -> Conditions:
    """The conditions that the KEY=VALUE words ask for, else those of the policy's run.

    Raises ConfigError for words that are not taken, and ReportError where there are none and
    nothing else says the environment.
    """
    if not words:
        return conditions_for(source)
    known = source.conditions
    if not any(word.startswith("env=") for word in words):
        raise ConfigError(*_key_and_value(words[0]), "env=ID before it")
    from rlbench.config.compose import compose  # late, as Hydra takes a third of a second

    settings = compose(["agent=random", *words])
    cap = settings.eval.max_episode_steps
    asked = Conditions(env=settings.env, eval_max_episode_steps=cap)
    if known is not None:
        asked = asked.model_copy(update={"episodes": known.episodes, "seed": known.seed})
    return conditions_for(source, asked, by_id_alone=len(words) == 1)


def the_one(paths: Sequence[Path], command: str) -> Path:
    """The only path among the words; raises ReportError where there is none or are several."""
    if len(paths) != 1:
        given = " ".join(map(str, paths)) or "none"
        raise ReportError(f"{command}: got {given}; takes one RUN or FILE")
    return paths[0]
