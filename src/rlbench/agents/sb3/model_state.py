"""The state of a model of Stable-Baselines3 between two units of training, as a checkpoint has it.

Its own `save` and `load` leave out where episodes stand, generators and the replay.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from stable_baselines3.common.noise import OrnsteinUhlenbeckActionNoise, VectorizedActionNoise

from rlbench.interfaces import Array, State
from rlbench.saving import Rows

# Numbers that algorithms count in or have computed, those that a model has.
NUMBERS = (
    "num_timesteps", "_n_updates", "_episode_num", "_n_calls", "exploration_rate",
    "_current_progress_remaining", "old_count",
)  # fmt: skip
TENSORS = ("log_ent_coef", "weights")  # beside those of its policy
LAST = ("_last_obs", "_last_episode_starts", "_last_original_obs")
REPLAY_COLUMNS = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")


def model_state(model: Any) -> State:
    """Everything that the model will use again; a replay's arrays are no copies."""
    return {
        **collecting_state(model),
        "policy": {name: _array(value) for name, value in model.policy.state_dict().items()},
        "tensors": {name: _array(value) for name, value in _tensors(model).items()},
        "optimizers": {name: _optimizer_state(each) for name, each in _optimizers(model).items()},
        "noise": [_copy_of(noise.noise_prev) for noise in _noises(model)],
        "replay": _rows(model),
    }


def collecting_state(model: Any) -> State:
    """The part that a rollout changes before anything is learned from it."""
    return {
        "numbers": {name: getattr(model, name) for name in NUMBERS if hasattr(model, name)},
        "last": {name: _copy_of(getattr(model, name)) for name in LAST},
        "action_space": model.action_space.np_random.bit_generator.state,
        "normalisation": _normalisation_state(model.get_vec_normalize_env()),
    }


def restore_collecting(model: Any, state: State) -> None:
    """Undo a rollout. Raises ValueError where the state is of another model."""
    for name in NUMBERS:
        if hasattr(model, name):
            setattr(model, name, _checked(name, state["numbers"][name]))
    for name in LAST:
        setattr(model, name, _alike(name, state["last"][name], getattr(model, name)))
    model.action_space.np_random.bit_generator.state = state["action_space"]
    _restore_normalisation(model.get_vec_normalize_env(), state["normalisation"])


def restore_model(model: Any, state: State) -> None:
    """Put a model that was made alike into `state`; what is read-only there is copied.

    Raises ValueError, KeyError or RuntimeError where the state is of another model.
    """
    restore_collecting(model, state)
    policy = {name: _tensor(value) for name, value in state["policy"].items()}
    model.policy.load_state_dict(policy)
    with torch.no_grad():
        for name, tensor in _tensors(model).items():
            tensor.copy_(_tensor(state["tensors"][name]))
    for name, optimizer in _optimizers(model).items():
        _restore_optimizer(optimizer, state["optimizers"][name])
    for noise, value in zip(_noises(model), state["noise"], strict=True):
        noise.noise_prev = _alike("noise", value, noise.noise_prev)
    _restore_rows(model, state["replay"])


def _array(tensor: torch.Tensor) -> Array:
    array: Array = tensor.detach().cpu().numpy().copy()
    return array


def _tensor(array: Array) -> torch.Tensor:
    return torch.from_numpy(np.array(array))


def _copy_of(value: Any) -> Any:
    return None if value is None else np.array(value)


def _checked(name: str, value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} is no number: {value!r}")
    return value


def _alike(name: str, value: Any, now: Any) -> Any:
    """A copy of `value`, which stands for `now`; a file may hold anything."""
    copied = _copy_of(value)
    if copied is not None and now is not None and copied.shape != now.shape:
        raise ValueError(f"{name} has the shape {copied.shape}, not {now.shape}")
    return copied


def _tensors(model: Any) -> dict[str, torch.Tensor]:
    found = {name: getattr(model, name, None) for name in TENSORS}
    return {name: tensor for name, tensor in found.items() if tensor is not None}


def _optimizers(model: Any) -> dict[str, torch.optim.Optimizer]:
    """Every optimizer of the model, by where it is."""
    owners = {"policy": model.policy}
    owners |= {name: getattr(model, name, None) for name in ("actor", "critic")}
    found = {name: getattr(owner, "optimizer", None) for name, owner in owners.items()}
    found["ent_coef"] = getattr(model, "ent_coef_optimizer", None)
    return {name: each for name, each in found.items() if each is not None}


def _optimizer_state(optimizer: torch.optim.Optimizer) -> State:
    """What it holds of each parameter, by the parameter's number, and the learning rates."""
    whole = optimizer.state_dict()
    return {
        "slots": {
            str(number): {
                name: _array(value) if isinstance(value, torch.Tensor) else value
                for name, value in slots.items()
            }
            for number, slots in whole["state"].items()
        },
        "learning_rates": [float(group["lr"]) for group in whole["param_groups"]],
    }


def _restore_optimizer(optimizer: torch.optim.Optimizer, state: State) -> None:
    slots = {
        int(number): {
            name: _tensor(value) if isinstance(value, np.ndarray) else value
            for name, value in each.items()
        }
        for number, each in state["slots"].items()
    }
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for number, each in slots.items():
        for name, value in each.items():
            if getattr(value, "ndim", 0) and value.shape != parameters[number].shape:
                raise ValueError(f"{name} of parameter {number} has the shape {value.shape}")
    groups = optimizer.state_dict()["param_groups"]
    for group, rate in zip(groups, state["learning_rates"], strict=True):
        group["lr"] = rate
    optimizer.load_state_dict({"state": slots, "param_groups": groups})


def _noises(model: Any) -> list[Any]:
    """The action noises that remember what they gave last."""
    noise = getattr(model, "action_noise", None)
    each = noise.noises if isinstance(noise, VectorizedActionNoise) else [noise]
    return [one for one in each if isinstance(one, OrnsteinUhlenbeckActionNoise)]


def _normalisation_state(normal: Any) -> State | None:
    if normal is None:
        return None
    state = {"returns": np.array(normal.returns), "ret_rms": _moments(normal.ret_rms)}
    if normal.norm_obs:
        state["obs_rms"] = _moments(normal.obs_rms)
    return state


def _moments(running: Any) -> State:
    return {
        "mean": np.array(running.mean),
        "var": np.array(running.var),
        "count": float(running.count),
    }


def _restore_normalisation(normal: Any, state: State | None) -> None:
    if normal is None or state is None:
        return
    normal.returns = np.array(state["returns"])
    for name in ("ret_rms", "obs_rms"):
        if name in state:
            running, moments = getattr(normal, name), state[name]
            running.mean, running.var = np.array(moments["mean"]), np.array(moments["var"])
            running.count = moments["count"]


def _rows(model: Any) -> Rows | None:
    """The replay: each step of all lanes is a row, at its number modulo the size."""
    replay = getattr(model, "replay_buffer", None)
    if replay is None:
        return None
    end = model.num_timesteps // model.n_envs
    return Rows(_columns(replay), end, replay.size())


def _columns(replay: Any) -> dict[str, Array]:
    return {name: getattr(replay, name) for name in REPLAY_COLUMNS}


def _restore_rows(model: Any, rows: Any) -> None:
    if rows is None:
        return
    replay = model.replay_buffer
    rows.copy_to(_columns(replay))
    replay.pos, replay.full = rows.end % replay.buffer_size, rows.end >= replay.buffer_size
