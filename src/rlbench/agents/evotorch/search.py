"""One search of EvoTorch: its problem is answered by whoever plays, and its state is arrays."""

from __future__ import annotations

import abc
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from evotorch import Problem, SolutionBatch, algorithms
from evotorch.optimizers import Adam, ClipUp

from rlbench.agents.evotorch.settings import ASKED_FOR, EvotorchSettings
from rlbench.agents.search.agent import Evaluate
from rlbench.errors import RunError
from rlbench.interfaces import Array, State, Stopped

CMAES = "CMAES"
OF_CMAES = ("m", "sigma", "C", "A", "p_sigma", "p_c")  # what its generations change
VELOCITY = "velocity"  # all that ClipUp remembers


class Returns(Problem):  # type: ignore[misc]
    """The problem of having great returns; `evaluate` says what they are."""

    def __init__(self, size: int, seed: int) -> None:
        super().__init__(
            "max",
            solution_length=size,
            initial_bounds=(-1.0, 1.0),  # asked for, and unused: searches are told where to begin
            dtype=torch.float32,
            seed=seed,
            store_solution_stats=False,
        )
        self.answer: Evaluate | None = None

    def _evaluate_batch(self, batch: SolutionBatch) -> None:
        assert self.answer is not None
        population = batch.access_values(keep_evals=True).numpy().copy()
        batch.set_evals(torch.from_numpy(self.answer(population)).to(batch.eval_dtype))


def make_search(settings: EvotorchSettings, start: Array, seed: int) -> EvotorchSearch:
    """The search of the settings from `start` [n]."""
    torch.set_num_threads(1)  # so that results do not depend on the cores of a run
    problem = Returns(len(start), seed)
    given: dict[str, Any] = {**ASKED_FOR.get(settings.algorithm, {}), **settings.kwargs}
    given |= {"popsize": settings.population, "stdev_init": settings.sigma}
    given["center_init"] = torch.from_numpy(start.copy())
    if settings.chosen_optimizer is not None:
        name, step = settings.chosen_optimizer
        # Without an optimizer EvoTorch follows the gradient itself.
        given |= {"center_learning_rate": step, "optimizer": None if name == "sgd" else name}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of EvoTorch's own calls of NumPy and PyTorch
        searcher = getattr(algorithms, settings.algorithm)(problem, **given)
    kind: type[EvotorchSearch] = CMAESSearch if settings.algorithm == CMAES else GaussianSearch
    return kind(searcher, problem)


class EvotorchSearch(abc.ABC):
    """What is common to both: a searcher of EvoTorch, and the generator that it draws from."""

    def __init__(self, searcher: Any, problem: Returns) -> None:
        self._searcher, self._problem = searcher, problem

    def turn(self, generation: int, evaluate: Evaluate) -> None:
        generator = self._problem.generator.get_state()
        self._problem.answer = evaluate
        try:
            self._step()
        except Stopped:  # until then nothing else has changed
            self._problem.generator.set_state(generator)
            raise
        except torch.linalg.LinAlgError as error:
            raise RunError(
                f"{type(self._searcher).__name__} diverged in generation {generation + 1} "
                f"({error}): try a smaller agent.sigma"
            ) from error

    def get_state(self) -> State:
        """Tensors by the names that EvoTorch gives them. Matrices keep their order, by rows or by
        columns: products round otherwise in the other."""
        return {
            "generator": self._problem.generator.get_state().numpy().copy(),
            "generations": int(self._searcher.step_count),
            **{name: tensor.numpy().copy("K") for name, tensor in self._tensors().items()},
        }

    def set_state(self, state: State) -> None:
        now = self._tensors()
        found = {name: _alike(name, state[name], tensor) for name, tensor in now.items()}
        self._problem.generator.set_state(torch.from_numpy(np.array(state["generator"], np.uint8)))
        self._searcher._steps_count = int(state["generations"])
        self._put(found)

    @property
    @abc.abstractmethod
    def mean(self) -> Array: ...

    @property
    @abc.abstractmethod
    def sigma(self) -> float: ...

    @abc.abstractmethod
    def _step(self) -> None:
        """One generation."""

    @abc.abstractmethod
    def _tensors(self) -> dict[str, torch.Tensor]:
        """What generations change."""

    @abc.abstractmethod
    def _put(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Replace `_tensors`."""


class CMAESSearch(EvotorchSearch):
    """EvoTorch's CMA-ES, whose generation is: draw, evaluate, learn."""

    def __init__(self, searcher: Any, problem: Returns) -> None:
        super().__init__(searcher, problem)
        for path in ("p_sigma", "p_c"):  # the number 0 at first, to which arrays are added
            setattr(searcher, path, torch.zeros_like(searcher.m))

    @property
    def mean(self) -> Array:
        mean: Array = self._searcher.m.numpy()
        return mean

    @property
    def sigma(self) -> float:
        covariance = self._searcher.C
        variances = covariance if covariance.ndim == 1 else torch.diagonal(covariance)
        return float((self._searcher.sigma * torch.sqrt(variances)).mean())

    def _step(self) -> None:
        self._searcher.step()

    def _tensors(self) -> dict[str, torch.Tensor]:
        return {name: getattr(self._searcher, name) for name in OF_CMAES}

    def _put(self, tensors: Mapping[str, torch.Tensor]) -> None:
        for name, tensor in tensors.items():
            setattr(self._searcher, name, tensor)


class GaussianSearch(EvotorchSearch):
    """EvoTorch's searches with a distribution, whose generation is: learn from the population of
    the one before, draw, evaluate. Here what is learned of a population belongs to its own
    generation, so that the policy lags behind nothing, and no population has to be saved.
    """

    def __init__(self, searcher: Any, problem: Returns) -> None:
        super().__init__(searcher, problem)
        optimizer = searcher._optimizer
        if isinstance(optimizer, Adam):  # as PyTorch would at the first step
            zeros = [torch.zeros_like(optimizer._data) for _ in range(2)]
            optimizer.contained_optimizer.state[optimizer._data] = {
                "step": torch.tensor(0.0), "exp_avg": zeros[0], "exp_avg_sq": zeros[1]
            }  # fmt: skip

    @property
    def mean(self) -> Array:
        mean: Array = self._searcher._distribution.parameters["mu"].numpy()
        return mean

    @property
    def sigma(self) -> float:
        sigma = self._searcher._distribution.parameters["sigma"]
        return float((sigma if sigma.ndim == 1 else torch.linalg.vector_norm(sigma, dim=1)).mean())

    def _step(self) -> None:
        searcher = self._searcher
        searcher._first_iter = True  # so that it draws and evaluates, and no more
        searcher.step()
        population = searcher.population
        gradients = searcher._distribution.compute_gradients(
            population.access_values(keep_evals=True),
            population.access_evals()[:, 0],
            objective_sense="max",
            ranking_method=searcher._ranking_method,
        )
        searcher._update_distribution(gradients)

    def _tensors(self) -> dict[str, torch.Tensor]:
        return {**self._of_distribution(), **self._of_optimizer()}

    def _put(self, tensors: Mapping[str, torch.Tensor]) -> None:
        names = self._of_distribution()
        distribution = self._searcher._distribution
        self._searcher._distribution = distribution.modified_copy(
            **{name: tensor for name, tensor in tensors.items() if name in names}
        )
        optimizer = self._searcher._optimizer
        if isinstance(optimizer, ClipUp):
            optimizer._velocity = tensors[VELOCITY]
        elif optimizer is not None:
            slots = optimizer.contained_optimizer.state[optimizer._data]
            slots.update({name: tensors[name] for name in slots})

    def _of_distribution(self) -> dict[str, torch.Tensor]:
        parameters = self._searcher._distribution.parameters
        return {name: value for name, value in parameters.items() if torch.is_tensor(value)}

    def _of_optimizer(self) -> dict[str, torch.Tensor]:
        optimizer = self._searcher._optimizer
        if optimizer is None:
            return {}
        if isinstance(optimizer, ClipUp):
            return {VELOCITY: optimizer._velocity}
        return dict(optimizer.contained_optimizer.state[optimizer._data])


def _alike(name: str, value: Any, tensor: torch.Tensor) -> torch.Tensor:
    """A copy of the part of a saved state that stands for `tensor`; a file may hold anything."""
    found, now = np.array(value), tensor.numpy()
    if (found.shape, found.dtype) != (now.shape, now.dtype):
        raise ValueError(f"{name} is {found.dtype} {found.shape}, not {now.dtype} {now.shape}")
    return torch.from_numpy(found)
