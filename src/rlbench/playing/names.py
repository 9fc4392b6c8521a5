"""What inputs and outputs of an exported policy are called."""

from __future__ import annotations

OBSERVATION = "observation"
ACTION = "action"  # as the environment's lanes take it
OUTPUTS = "outputs"  # of the network: action values, preferences or, of a box, the action itself
MODELS = (".onnx", ".keras")  # endings of files of any maker
PROPERTY = "rlbench"  # the entry of a file's metadata that holds JSON


def output_place(names: list[str]) -> int:
    """Which of a model's outputs is the action: the one that is named so, else the first."""
    named = [place for place, name in enumerate(names) if name in (ACTION, f"{ACTION}s")]
    return named[0] if named else 0
