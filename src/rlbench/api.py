"""rlbench from Python: what the command line does, under the same names, with results to go on
with.

Every setting of the command line is a keyword here. `budget.train_seconds=60` becomes
`budget={"train_seconds": 60}` or, with its dot, `**{"budget.train_seconds": 60}`; `agent.sigma=0.1`
becomes `**{"agent.sigma": 0.1}`. `rlbench --help` lists the keys. `config_dir` is a folder of YAML
files like `conf`, as `--config-dir` names on the command line.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from rlbench.analysis.groups import check_agent_of_baseline, check_baseline, group_runs
from rlbench.collection import Runs
from rlbench.config.compose import compose
from rlbench.config.folders import config_folder
from rlbench.config.words import words, words_of_jobs
from rlbench.errors import ConfigError, ReportError, RunError
from rlbench.interfaces import Policy
from rlbench.opening import no_directory
from rlbench.playing.names import MODELS
from rlbench.reports.build import Report, build_report
from rlbench.runs import load
from rlbench.runs.records import Run
from rlbench.settings import AUTO, MAX_EPISODES, Auto, Settings

if TYPE_CHECKING:
    from rlbench.agents.saved import FromArrays
    from rlbench.harness.evaluate import Evaluation
    from rlbench.harness.live_agent import LiveAgent

Choice = str | Sequence[str]
RESULTS = Path("results/runs")  # `results_dir` where nothing else is asked for


def run(
    agent: str = "es",
    env: str = "CartPole-v1",
    seed: int = 0,
    *,
    in_process: bool = False,
    progress: bool = True,
    config_dir: str | Path | None = None,
    **overrides: Any,
) -> Run:
    """Run one agent on one environment with one seed, or go on with that run; returns it.

    agent: es, dqn, random, sb3:PPO and the like, or one of an installed package. env: the id of an
    environment.
    in_process: run in this process, for a debugger; otherwise the run has a fresh process, as on
    the command line, so that its clock counts the same. progress: show how far it is. config_dir: a
    folder of YAML files of yours. overrides: further settings.

    A run that is finished already is only read. Ctrl-C lets it write a checkpoint, from which the
    same call goes on. Raises ConfigError for settings that are not taken, before anything starts,
    RunError where the run fails, and KeyboardInterrupt after an interruption.

    >>> import rlbench
    >>> run = rlbench.run(agent="es", seed=1, budget={"env_steps": 5_000}, progress=False)
    >>> run.env, run.status, run.solved_at is None
    ('CartPole-v1', 'budget', True)
    >>> run.evaluations.return_mean.shape
    (3,)
    """
    choices = {"agent": agent, "env": env, "seed": seed}
    for key, value in choices.items():
        if isinstance(value, (list, tuple, range)):
            raise ConfigError(key, value, "one value; `rlbench.sweep` takes several")
    given, flags = words({**choices, **overrides}), _flags(config_dir)
    settings = _checked(given, config_dir)
    from rlbench.harness.plan import plan_run
    from rlbench.harness.stopping import finished

    directory = plan_run(settings).name.directory
    if finished(settings, directory) is None:
        if in_process:
            _run_here(settings, progress)
        else:
            from rlbench.sweeps.jobs import left_undone
            from rlbench.sweeps.single import run_in_fresh_process

            run_in_fresh_process([*flags, *given], progress=progress)
            left = left_undone(settings, directory)
            if left is not None:
                raise RunError(left)
    return load_run(directory)


def sweep(
    agent: Choice = "es",
    env: Choice = "CartPole-v1",
    seed: int | Sequence[int] = 0,
    *,
    jobs: Auto | int = AUTO,
    progress: bool = True,
    config_dir: str | Path | None = None,
    **overrides: Any,
) -> Runs:
    """Run every combination of the given values, each in a fresh process on the cores given to it.

    A list, tuple or range gives several values of any setting, anything else gives one. To give one
    value that is a list, put it into another list (`**{"agent.hidden": [[64, 64]]}`).
    jobs: how many runs side by side; "auto": as many as the cores allow, one where `cores` is not
    given. progress: show how far they are. config_dir: a folder of YAML files of yours.

    Runs that are finished already are only read. Raises ConfigError for settings that are not
    taken, before anything starts, and RunError where a run failed, after the others have ended
    (`load_runs` reads those).

    >>> import rlbench
    >>> runs = rlbench.sweep(
    ...     agent="random", seed=range(2), cores=1, budget={"env_steps": 500}, progress=False
    ... )
    >>> [(run.agent, run.seed) for run in runs]
    [('random', 0), ('random', 1)]
    """
    from rlbench.harness.plan import name_run
    from rlbench.sweeps.launch import launch

    all_words = words_of_jobs({"agent": agent, "env": env, "seed": seed, **overrides})
    composed = {tuple(job): _checked(job, config_dir) for job in all_words}
    for settings in composed.values():
        name_run(settings)  # refuses what the agent does not take
    common_words = [*_flags(config_dir), "hydra.mode=RUN"]
    if jobs != AUTO and type(jobs) is not int:
        raise ConfigError("jobs", jobs, "auto or a whole number from 1 up")
    launch(all_words, lambda job: composed[tuple(job)], common_words, jobs, quiet=not progress)
    directories = {name_run(settings).directory: settings for settings in composed.values()}
    results_dir = next(iter(composed.values())).results_dir
    found = [load.load_run(place, _below(place, results_dir)) for place in directories]
    problems = tuple(note for _, notes in found for note in notes)
    runs = tuple(run for run, _ in found if run is not None)
    return Runs(results_dir, runs, problems, is_part=True)


def compare(
    agents: Choice = ("dqn", "es"),
    env: Choice = "CartPole-v1",
    seeds: int | Sequence[int] = 5,
    *,
    baseline: str | None = None,
    jobs: Auto | int = AUTO,
    progress: bool = True,
    config_dir: str | Path | None = None,
    **overrides: Any,
) -> Runs:
    """Which agent solves an environment sooner, and how sure is that? `rlbench compare` from
    Python: a sweep with an answer.

    seeds: how many of each agent, from 0 up; a list or range: the seeds themselves. baseline: the
    agent that the others are compared with; None: DQN where it is among them, else the first.
    Acting at random is the zero of the scale, and compared with nothing. The rest is as in `sweep`.
    The runs that it returns have an `answer`, `ratios()` and a `report()`.

    >>> import rlbench
    >>> runs = rlbench.compare(
    ...     agents=["dqn", "es"], seeds=1, budget={"env_steps": 500}, progress=False
    ... )
    >>> print(runs.answer.splitlines()[0])
    CartPole-v1 (solved at 475)
    >>> ratios = runs.ratios()
    >>> set(zip(ratios.baseline, ratios.challenger))
    {('dqn', 'es')}
    """
    for key, word in (("agent", "agents"), ("seed", "seeds")):
        if key in overrides:
            raise ConfigError(key, overrides[key], f"no value in compare; {word} is its word")
    if isinstance(seeds, int):
        if isinstance(seeds, bool) or seeds < 1:
            raise ConfigError("seeds", seeds, "a whole number from 1 up, or the seeds themselves")
        seeds = range(seeds)
    all_words = words_of_jobs({"agent": agents, "env": env, "seed": seeds, **overrides})
    if baseline is not None:
        learning = {_checked(job, config_dir).agent.name for job in all_words}
        check_agent_of_baseline(learning, baseline)
    runs = sweep(
        agents, env, seeds, jobs=jobs, progress=progress, config_dir=config_dir, **overrides
    )
    return Runs(runs.directory, tuple(runs), runs.problems, baseline, is_part=True)


def load_run(path: str | Path) -> Run:
    """Read the run whose directory is `path`. Raises ReportError where it is none."""
    place = _path("path", path)
    found, notes = load.load_run(place, PurePath(place.name))
    if found is None:
        raise ReportError(f"{path}: {notes[0] if notes else 'no run'}")
    return found


def load_runs(directory: str | Path = RESULTS, *, baseline: str | None = None) -> Runs:
    """Read every run below `directory`; what cannot be read is named in `problems`.

    baseline: what ratios compare the other agents with (see `Runs.ratios`). Raises ReportError
    where the directory does not exist, and ConfigError where no run is of that baseline.
    """
    place = _path("directory", directory)
    missing = no_directory(place)
    if missing is not None:
        raise ReportError(f"{place}: {missing}")
    loaded = load.load_runs(place)
    check_baseline(group_runs(loaded.runs), baseline)
    return Runs(place, loaded.runs, loaded.problems, baseline)


def report(
    directory: str | Path = RESULTS,
    out: str | Path | None = None,
    *,
    baseline: str | None = None,
    films: Sequence[str | Path] = (),
) -> Report:
    """Write figures, tables and a web page about every run below `directory`, as `rlbench report`
    does; returns where they are (`page`, `files`) and what the terminal would show (`lines`).

    out: the folder for them; None: `report` in the directory. baseline: the agent that the others
    are compared with. films: of `rlbench race` (MP4), which the page shows where they are; those
    called `race*.mp4` in the report's folder are shown without it. Raises ReportError where there
    is nothing to report, or a film cannot be shown.
    """
    place = None if out is None else _path("out", out)
    if isinstance(films, (str, PurePath)):
        raise ConfigError("films", str(films), "a list of paths")
    shown = [_path("films", film) for film in films]
    return build_report(_path("directory", directory), place, baseline=baseline, films=shown)


def load_policy(
    source: Run | str | Path, from_arrays: FromArrays | None = None, *, env: str | None = None
) -> Policy:
    """The policy that a run ended with, or that a file holds.

    source: a run, its directory, or a file (`policy-best.npz` is the best that was evaluated), also
    one of ONNX or Keras from anybody (`.onnx`, `.keras`). The policy acts on observations [L, *obs]
    of L lanes: `policy.act(obs, rng)` gives actions [L] or [L, D]. from_arrays: the inverse of the
    policy's `arrays()`, needed for a class that is not rlbench's. env: the environment that an ONNX
    or Keras file is for, where the file does not say it (those of `rlbench export` do). Raises
    RunError or ReportError where there is no policy that can be loaded, and ConfigError where it
    does not suit the environment.

    >>> import numpy as np, rlbench
    >>> run = rlbench.run(agent="es", budget={"env_steps": 500}, progress=False)
    >>> policy = rlbench.load_policy(run)
    >>> policy.act(np.zeros((3, 4), np.float32), np.random.default_rng(0)).shape
    (3,)
    """
    path = source.directory if isinstance(source, Run) else _path("source", source)
    if not path.exists():
        raise RunError(f"{path}: there is no run and no policy at this path")
    if path.suffix.lower() in MODELS and not path.is_dir():
        from rlbench.playing.evaluation import policy_in

        asked = None if env is None else _checked(words({"agent": "random", "env": env})).env
        return policy_in(path, asked)
    if env is not None:
        raise ConfigError("env", env, f"no value here; it is for files that end in {MODELS[0]}")
    from rlbench.agents.saved import read_policy

    return read_policy(path / "policy.npz" if path.is_dir() else path, from_arrays)


def evaluate(
    policy: Policy, env: str = "CartPole-v1", episodes: int = 20, seed: int = 0, **overrides: Any
) -> Evaluation:
    """Play whole episodes as a run's evaluations do: the same reset seeds, raw rewards.

    With the seed of a run, its number of episodes and its settings this is the evaluation that the
    run made of the policy. overrides: settings of the environment, such as
    `**{"env.sticky_actions": 0}`. Returns returns, lengths and `return_mean`. Raises ConfigError
    for a policy of other observations or actions, and RunError where it gives an action later that
    the environment does not have.

    >>> import rlbench
    >>> with rlbench.make_agent("random") as agent:
    ...     result = rlbench.evaluate(agent.policy(), "CartPole-v1", episodes=5)
    >>> len(result.returns), result.return_mean == float(result.returns.mean())
    (5, True)
    """
    from rlbench.playing.conditions import Conditions
    from rlbench.playing.evaluation import judge

    if type(episodes) is not int or not 1 <= episodes <= MAX_EPISODES:
        raise ConfigError("episodes", episodes, f"a whole number from 1 to {MAX_EPISODES}")
    settings = _checked(words({"agent": "random", "env": env, "seed": seed, **overrides}))
    conditions = Conditions(
        env=settings.env,
        eval_max_episode_steps=settings.eval.max_episode_steps,
        episodes=episodes,
        seed=settings.seed,
    )
    return judge(policy, conditions).played


def make_agent(
    agent: str = "es",
    env: str = "CartPole-v1",
    seed: int = 0,
    *,
    config_dir: str | Path | None = None,
    **overrides: Any,
) -> LiveAgent:
    """An agent outside of a run, to be trained by hand: `advance(env_steps)`, `policy()`.

    It is built as the run of the same settings builds it, and learns the same. config_dir: a folder
    of YAML files of yours. Nothing is timed or written. Close it, or use it in a `with` statement:
    it may have worker processes.

    >>> import rlbench
    >>> with rlbench.make_agent("es", "CartPole-v1", **{"agent.population": 8}) as agent:
    ...     scalars = agent.advance(100)
    ...     agent.counts.env_steps >= 100
    True
    """
    from rlbench.harness.live_agent import LiveAgent

    given = words({"agent": agent, "env": env, "seed": seed, **overrides})
    return LiveAgent(_checked(given, config_dir))


def _flags(config_dir: str | Path | None) -> list[str]:
    """What a process of a run is given so that it finds the same YAML files."""
    if config_dir is None:
        return []
    return ["--config-dir", str(_config_folder(config_dir))]


def _checked(given: Sequence[str], config_dir: str | Path | None = None) -> Settings:
    folder = None if config_dir is None else _config_folder(config_dir)
    settings = compose(given, folder)
    if settings.dry_run:
        raise ConfigError("dry_run", True, "false from Python; `rlbench dry_run=true` estimates")
    return settings


def _config_folder(config_dir: str | Path) -> Path:
    return config_folder("config_dir", _path("config_dir", config_dir))


def _path(key: str, given: Any) -> Path:
    if not isinstance(given, (str, PurePath)) or not str(given) or "\0" in str(given):
        raise ConfigError(key, given, "a path")
    try:
        Path(given).exists()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(key, str(given), f"a path that can be looked at ({why})") from None
    return Path(given)


def _run_here(settings: Settings, progress: bool) -> None:
    import contextlib
    import io

    from rlbench.clock import Start
    from rlbench.harness.experiment import EXIT_INTERRUPTED
    from rlbench.harness.experiment import run as run_here

    quiet = contextlib.nullcontext() if progress else contextlib.redirect_stdout(io.StringIO())
    with quiet:
        status = run_here(settings, Start.now())
    if status == EXIT_INTERRUPTED:
        raise KeyboardInterrupt


def _below(place: Path, directory: Path) -> PurePath:
    return PurePath(place.relative_to(directory)) if place.is_relative_to(directory) else place
