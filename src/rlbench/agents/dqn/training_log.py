"""What DQN reports of its training."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from rlbench.interfaces import Scalars, State


@dataclass
class TrainingLog:
    """What happened since `advance` last reported; nothing in it is ever learned from."""

    losses: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    returns: list[float] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)

    def scalars(self) -> Scalars:
        means: dict[str, list[float] | list[int]] = {
            "loss": self.losses,
            "value_mean": self.values,
            "return_train_mean": self.returns,
            "length_train_mean": self.lengths,
        }
        return {name: float(sum(v) / len(v)) for name, v in means.items() if v}

    def get_state(self) -> State:
        return {name: np.array(values, np.float64) for name, values in vars(self).items()}

    @classmethod
    def from_state(cls, state: State) -> TrainingLog:
        values = {name: np.asarray(state[name], np.float64).tolist() for name in vars(cls())}
        return cls(**values | {"lengths": [int(length) for length in values["lengths"]]})
