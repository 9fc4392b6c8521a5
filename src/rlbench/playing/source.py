"""Where a policy comes from: a run's directory, or a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath

from rlbench.agents.saved import read_policy
from rlbench.errors import ReportError, RunError
from rlbench.interfaces import Policy
from rlbench.opening import is_directory
from rlbench.playing.conditions import Conditions, read_conditions, run_conditions
from rlbench.playing.model import Model
from rlbench.playing.names import MODELS, PROPERTY
from rlbench.runs.header import FILE as HEADER
from rlbench.runs.load import load_run
from rlbench.runs.records import Run

POLICY, BEST_POLICY = "policy.npz", "policy-best.npz"


@dataclass(frozen=True)
class Source:
    """A policy and what is known of it.

    path: what was named. policy: or a network of any maker, to be fitted to an environment.
    conditions: how its run was evaluated; None where nothing says so. run: the run that made it,
    where its files are here. is_last: whether it is the policy that the run ended with.
    """

    path: Path
    policy: Policy | Model
    conditions: Conditions | None = None
    run: Run | None = None
    is_last: bool = False

    @property
    def name(self) -> str:
        """The agent that made it, or its file."""
        return self.path.name if self.run is None else self.run.agent


def read_source(path: Path) -> Source:
    """The policy at a path: a run's directory, or a file whose name ends in one of `READERS`.

    The files may be a stranger's. Raises ReportError, with one line, where there is no policy that
    can be used, and ConfigError for settings of a run that are not taken.
    """
    if is_directory(path):
        return _of_run(path, path / POLICY, path)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        kinds = ", ".join(READERS)
        raise ReportError(f"{path}: takes the directory of a run, or a file that ends in {kinds}")
    return reader(path)


def conditions_for(
    source: Source, asked: Conditions | None = None, *, by_id_alone: bool = False
) -> Conditions:
    """The conditions that a policy is to be played under: those that are `asked` for, else those
    of its run.

    by_id_alone: of the environment no more was asked for than its id; where that is the run's, its
    other settings are the run's, too. Raises ReportError where no environment is known, or where
    the run's would import a package that nobody has named here.
    """
    known = source.conditions
    if asked is not None:
        own = known is not None and by_id_alone and asked.env.id == known.env.id
        return asked if known is None or not own else known
    if known is None:
        raise ReportError(f"{source.path}: does not say its environment; env=ID names it")
    if ":" in known.env.id:
        raise ReportError(
            f"{source.path}: is for {known.env.id}, whose package is imported only where it is "
            f"named: env={known.env.id}"
        )
    return known


def read_run(directory: Path, file: Path) -> Source:
    """A policy in a file of a run, and the run; raises as `read_source`."""
    return _of_run(directory, file, directory)


def _of_file(path: Path) -> Source:
    """A policy.npz; where it lies in a run's directory, with the run's conditions."""
    beside = path.parent / HEADER
    if path.name in (POLICY, BEST_POLICY) and beside.exists():
        return _of_run(path.parent, path, path)
    return Source(path, read_file(path))


def _of_run(directory: Path, file: Path, named: Path) -> Source:
    conditions = run_conditions(directory)
    if not file.exists() and (directory / BEST_POLICY).exists():
        raise ReportError(
            f"{directory}: has no {POLICY} yet, which comes at a run's end; {BEST_POLICY} in it is "
            "the best so far"
        )
    run, _ = load_run(directory, PurePath(directory.name))
    return Source(named, read_file(file), conditions, run, is_last=file.name == POLICY)


def _of_onnx(path: Path) -> Source:
    from rlbench.playing.onnx_file import read_onnx

    model, known = read_onnx(path)
    return Source(path, model, _conditions_in(path, known))


def _of_keras(path: Path) -> Source:
    from rlbench.playing.keras_file import read_keras

    model, known = read_keras(path)
    return Source(path, model, _conditions_in(path, known))


def _conditions_in(path: Path, known: Mapping[str, str]) -> Conditions | None:
    """What the metadata of a file that rlbench has exported says of its run's evaluations."""
    if PROPERTY not in known:
        return None
    try:
        values = json.loads(known[PROPERTY])["conditions"]
    except (ValueError, LookupError, TypeError, RecursionError):
        why = f"its metadata under {PROPERTY} is not as rlbench writes it"
        raise ReportError(f"{path}: {why}") from None
    return None if values is None else read_conditions(values, str(path))


def read_file(path: Path) -> Policy:
    """The policy in an .npz; raises ReportError where there is none that can be used."""
    try:
        return read_policy(path)
    except RunError as error:
        raise ReportError(str(error)) from error


Reader = Callable[[Path], Source]
READERS: dict[str, Reader] = dict(
    zip((".npz", *MODELS), (_of_file, _of_onnx, _of_keras), strict=True)
)
