"""The card of an exported policy: what it is, what it scored, how it was trained, how to use it."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from pathlib import Path

from rlbench import __version__
from rlbench.exports.facts import Exported, action_words, network_words
from rlbench.nets.policy import NetworkPolicy
from rlbench.opening import UnreadableFileError, open_regular
from rlbench.playing.names import ACTION, OBSERVATION, OUTPUTS
from rlbench.runs.reading import printable
from rlbench.runs.records import Run
from rlbench.settings import AUTO
from rlbench.wording import plural

KINDS = {"onnx": "ONNX", "keras": "Keras", "saved_model": "TensorFlow SavedModel"}
USE = {
    "onnx": """\
import numpy as np, onnxruntime
session = onnxruntime.InferenceSession("{name}")
observation = np.zeros({shape}, np.{dtype})
action, outputs = session.run(["action", "outputs"], {{"observation": observation}})""",
    "keras": """\
import keras, numpy as np
model = keras.saving.load_model("{name}")
observation = np.zeros({shape}, np.{dtype})
action = model(observation)["action"]""",
    "saved_model": """\
import numpy as np, tensorflow as tf
model = tf.saved_model.load("{name}")
observation = np.zeros({shape}, np.{dtype})
action = model.serve(observation)["action"]""",
}


EXPORTED_BY = "exported by rlbench "
MAX_BYTES = 100_000


def is_card(path: Path) -> bool:
    """Whether the file is a card of an earlier export."""
    try:
        with os.fdopen(open_regular(path, MAX_BYTES), "rb") as file:
            lines = file.read(MAX_BYTES).decode(errors="replace").splitlines()
    except UnreadableFileError:
        return False
    return len(lines) > 2 and EXPORTED_BY in lines[2]


def card(found: Exported, form: str, name: str, size_bytes: int) -> str:
    """The card, in Markdown. form: a key of `KINDS`; name: of the file."""
    where = found.env or "an environment that its file does not name"
    lines = [f"# {_code(found.source.name)} on {_code(where)}", ""]
    lines += [f"A policy in the form of {KINDS[form]}, {EXPORTED_BY}{__version__}.", ""]
    lines += ["| | |", "|---|---|"]
    lines += [f"| {heading} | {text} |" for heading, text in _rows(found, name, size_bytes)]
    lines += ["", "## Score", "", *_score(found), "", "## How it was trained", ""]
    lines += ["Nothing says that.", ""] if found.run is None else [*_training(found.run), ""]
    lines += ["## How to use it", "", *_use(found.policy, form, name), ""]
    return "\n".join(lines)


def _rows(found: Exported, name: str, size_bytes: int) -> Iterator[tuple[str, str]]:
    yield "file", f"{_code(name)}, {size_bytes / 1000:,.1f} kB"
    if found.conditions is not None:
        env = found.conditions.env
        asked = {
            "arguments": json.dumps(env.kwargs) if env.kwargs else AUTO,
            "steps of an episode at most": env.max_episode_steps,
            "sticky actions": env.sticky_actions,
            "no-op frames at most": env.noop_max,
        }
        known = [f"{key} {_code(str(value))}" for key, value in asked.items() if value != AUTO]
        yield "environment", "; ".join([_code(env.id), *known])
    if found.run is not None:
        yield "agent", f"{_code(found.run.agent)} of rlbench {_code(found.run.rlbench)}"
    yield "network", _code(network_words(found.policy))
    yield "licence", _code(found.licence)


def _score(found: Exported) -> Iterator[str]:
    score = found.score
    if score is None:
        yield "Nothing says that: `rlbench evaluate` plays it."
        return
    mean = score.mean
    interval = ""
    if mean.low is not None and mean.high is not None:
        interval = f" (95 % interval over episodes {mean.low:,.1f} to {mean.high:,.1f})"
    yield (
        f"Mean return {mean.value:,.1f}{interval} over {score.episodes} whole episodes with raw "
        f"rewards, after {score.clock.train_s:,.1f} s of training and {score.clock.env_steps:,} "
        "steps."
    )
    run = found.run
    if run is not None and run.threshold is not None:
        at = run.solved_at
        solved = (
            "the run did not reach it"
            if at is None
            else f"confirmed after {at.at.train_s:,.1f} s of training and {at.at.env_steps:,} steps"
        )
        yield f"The task counts as solved at {run.threshold:g}: {solved}."


def _training(run: Run) -> Iterator[str]:
    clock, machine = run.end, run.machine
    cores = "an unknown number of cores" if run.cores is None else plural(run.cores, "core")
    yield (
        f"Seed {run.seed}, on {cores} of {_code(machine.cpu_model or 'an unknown CPU')}, "
        f"begun {_code(run.started_at or 'at an unknown time')}."
    )
    cpu = f", {clock.cpu_s:,.1f} CPU-s" if math.isfinite(clock.cpu_s) else ""
    yield (
        f"Clock at the end of the run: {clock.train_s:,.1f} s of training, {clock.env_steps:,} "
        f"environment steps{cpu}."
    )
    if run.argv:
        yield f"Command: {_code('rlbench ' + ' '.join(run.argv))}"


def _use(policy: NetworkPolicy, form: str, name: str) -> Iterator[str]:
    network = policy.network
    frames = network.observations == "frames"
    dtype = "uint8" if frames else "float32"
    shape = ", ".join(map(str, network.observation_shape))
    what = ", frames in bytes, oldest first" if frames else ""
    yield f"- Input `{OBSERVATION}`: [batch, {shape}] {dtype}{what}."
    yield f"- Output `{ACTION}`: {action_words(policy)}."
    yield f"- Output `{OUTPUTS}`: [batch, {policy.head.size}] float32, what the network gives."
    yield (
        "- Normalisation of observations, virtual batch normalisation and the decoding of actions "
        "are inside."
        if policy.obs_mean is not None or frames
        else "- The decoding of actions is inside; observations go in as they are."
    )
    yield ""
    yield "```python"
    yield USE[form].format(name=_plain(name), shape=f"(1, {shape})", dtype=dtype)
    yield "```"
    if form != "saved_model":
        yield ""
        yield f"`rlbench evaluate {_plain(name)}` plays it as its run was evaluated."


def _plain(text: str) -> str:
    """A text of a file or a name that changes nothing around it in Markdown."""
    return printable(text).replace("`", "'").replace("|", "/").replace('"', "'")


def _code(text: str) -> str:
    return f"`{_plain(text)}`"
