"""Single tasks: settings of both agents for each, searched with the same limits, in two rounds.

The first round is the search of `rlbench tune`. The best of its trials is partly luck, so a second
round runs the best ones, and the settings as they are, on seeds that the search has not seen; what
these seeds rank first is taken. Of settings that left as many runs unsolved there, and some, the
one that solved more runs in the first round comes first: a return short of the threshold says less.

Started again it makes only the runs that are missing, from checkpoints, and comes to the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import rlbench
from prune_runs import prune
from rlbench.clock import utc_now
from rlbench.config.compose import compose
from rlbench.config.words import as_text
from rlbench.errors import ConfigError
from rlbench.harness.machine import describe
from rlbench.harness.screen import duration
from rlbench.runs.files import replace_text
from rlbench.settings import AUTO
from rlbench.sweeps.launch import launch
from rlbench.tuning.outcome import Objective, Outcome, read_run
from rlbench.tuning.question import Asked, Question, pose
from rlbench.tuning.search import Search, searched
from rlbench.tuning.words import chosen_words, outcome_words, plan_lines
from rlbench.wording import plural
from tunings.candidates import (
    AGENTS,
    AS_THEY_WERE,
    Candidate,
    Candidates,
    as_csv,
    kept,
    read_candidates,
    rows_of,
)
from tunings.search import CONF, Chosen, file_of

SEEDS = (2000, 2001, 2002)  # some of those from 1000 on chose the settings that were there before
FIRST_OF_SECOND = 2003  # seed of the second round
TRIALS = 40  # at most, in the first round
SIDE_BY_SIDE = 2  # runs on two cores


@dataclass(frozen=True)
class Task:
    """run_s: the most that one run may take, in seconds of training. full: as many trials as the
    effort of the first round is enough for, were no run solved or given up. kept: settings of each
    agent in the second round, those that are there among them; again: its seeds."""

    env: str
    run_s: int
    full: int = 6
    kept: int = 5
    again: int = 5

    @property
    def effort_s(self) -> int:
        """Seconds of training for each agent in the first round."""
        return self.full * len(SEEDS) * self.run_s

    @property
    def second_s(self) -> int:
        """The most that the second round takes of each agent."""
        return self.kept * self.again * self.run_s

    @property
    def second_seeds(self) -> range:
        return range(FIRST_OF_SECOND, FIRST_OF_SECOND + self.again)

    def given(self, more: Sequence[str]) -> tuple[str, ...]:
        """What every run is given beside the agent and the environment."""
        return (f"budget.train_seconds={self.run_s}", "cores=1", *more)

    def questions(self, space: Path, results: Path, more: Sequence[str]) -> list[Question]:
        """The searches of the first round."""
        asked = Asked(self.env, self.given(more), SEEDS, results, TRIALS, self.effort_s)
        return [pose(agent, asked, {}, space) for agent in AGENTS]

    def common(self, agent: str) -> tuple[str, ...]:
        return (f"agent={agent}", f"env={self.env}")

    def second_round(
        self, agent: str, chosen: Chosen, results: Path, more: Sequence[str]
    ) -> list[tuple[str, ...]]:
        """The words of a setting's runs in the second round, one run a seed."""
        settings = [f"{key}={value}" for key, value in chosen.items()]
        place = f"results_dir={as_text(str(results))}"
        before = (*self.common(agent), *self.given(more), *settings, place)
        return [(*before, f"seed={seed}") for seed in self.second_seeds]


CLASSIC = (
    Task("CartPole-v1", 20),
    Task("Acrobot-v1", 20),
    Task("MountainCar-v0", 60),
    Task("LunarLander-v3", 60),
    Task("Pendulum-v1", 60),
)
# Longer runs, so fewer: all seven take three hours.
MUJOCO = tuple(
    Task(env, run_s, full=4, kept=3, again=3)
    for env, run_s in {
        "InvertedPendulum-v5": 30,
        "InvertedDoublePendulum-v5": 60,
        "Swimmer-v5": 60,
        "HalfCheetah-v5": 60,
        "Hopper-v5": 90,
        "Walker2d-v5": 90,
        "Ant-v5": 90,
    }.items()
)
TASKS: Mapping[str, tuple[Task, ...]] = {"classic": CLASSIC, "mujoco": MUJOCO}


@dataclass(frozen=True)
class Found:
    """What both rounds of a task came to. outcomes: of the second round, by agent, one for each
    candidate."""

    task: Task
    objective: Objective
    candidates: Candidates
    outcomes: Mapping[str, Sequence[Outcome]]

    def best(self, agent: str) -> int:
        """Which candidate comes first; of equals the first."""
        pairs = zip(self.candidates[agent], self.outcomes[agent], strict=True)
        keys = [self._rank_key(*pair) for pair in pairs]
        return keys.index(min(keys))

    def _rank_key(self, candidate: Candidate, outcome: Outcome) -> tuple[float, int, float]:
        """The smaller, the better."""
        missed_or_return, time_or_return = outcome.rank_key(self.objective)
        before = -candidate.solved_at_first if outcome.unsolved else 0
        return missed_or_return, before, time_or_return

    def words(self, agent: str, number: int) -> str:
        """What a candidate came to in the second round: `5 of 5 solved, after 4.2 s ...`."""
        return outcome_words(self.outcomes[agent][number], self.objective)

    def told(self, agent: str) -> str:
        """Of the best candidate, what it came to."""
        best = self.best(agent)
        candidate = self.candidates[agent][best]
        of_all = "" if candidate.trials is None else f" of {candidate.trials}"
        return (
            f"Taken: trial {candidate.trial}{of_all}; "
            f"round one: {candidate.first_round or 'not known'}; "
            f"round two: {self.words(agent, best)}. "
            f"Settings as they were, round two: {self.words(agent, 0)}."
        )

    def rows(self) -> Iterator[dict[str, str]]:
        """For the file of the searches."""
        for agent, candidates in self.candidates.items():
            for number, one in enumerate(candidates):
                yield {
                    "env": self.task.env, "agent": agent, "trial": str(one.trial),
                    "trials": "" if one.trials is None else str(one.trials),
                    "first_round": one.first_round,
                    "second_round": self.words(agent, number),
                    "taken": "yes" if number == self.best(agent) else "",
                    "settings": chosen_words(one.chosen) or AS_THEY_WERE,
                }  # fmt: skip


def tasks_of(name: str, only: str | None) -> tuple[Task, ...]:
    """The tasks of a set, or those of them that `only` names, ids between commas.

    Raises ConfigError where it names another one.
    """
    tasks = TASKS[name]
    if only is None:
        return tasks
    wanted = only.split(",")
    known = [task.env for task in tasks]
    unknown = [env for env in wanted if env not in known]
    if unknown:
        raise ConfigError("--only", unknown[0], f"ids of {name}: {', '.join(known)}")
    return tuple(task for task in tasks if task.env in wanted)


def plan(tasks: Sequence[Task], *, is_first: bool) -> str:
    """What will be done, and how long it takes. is_first: with the first round."""
    seconds = [task.second_s + is_first * task.effort_s for task in tasks]
    whole_s = len(AGENTS) * sum(seconds) / SIDE_BY_SIDE
    efforts = sorted({task.effort_s for task in tasks})
    first = (
        f"settings that are tried on seeds {_ends(SEEDS)} for "
        f"{_ends(efforts) if len(efforts) > 1 else efforts[0]} s of training in all; then "
    )
    return (
        f"each agent: on each of {plural(len(tasks), 'task')}, {first * is_first}"
        f"{tasks[0].kept} settings on seeds {_ends(tasks[0].second_seeds)}; "
        f"at most {duration(whole_s)} on two cores, and evaluations"
    )


def _ends(seeds: Sequence[int]) -> str:
    return f"{seeds[0]} to {seeds[-1]}"


def space_of(name: str) -> Path:
    """The file that says what is varied of each agent."""
    return Path(__file__).with_name(f"{name}.yaml")


def search(
    name: str,
    tasks: Sequence[Task],
    results: Path,
    conf: Path,
    more: tuple[str, ...],
    first_round: Path | None = None,
) -> None:
    """Make both rounds of each task. When all are made, put what was found into the files of both
    agents below the folder `conf`, and the candidates with their outcomes into results/searches
    beside it, where those of other tasks stay.

    first_round: such a file of candidates, whose first round is not made again.
    """
    found = []
    for task in tasks:
        questions = task.questions(space_of(name), results, more)
        if first_round is None:
            candidates = first(questions, task.kept)
        else:
            candidates = read_candidates(first_round, task.env, task.kept)
        outcomes = second(task, candidates, results / "second", more)
        found.append(Found(task, questions[0].objective, candidates, outcomes))
        for agent in AGENTS:
            print(f"{agent} on {task.env}: {found[-1].told(agent)}", flush=True)
    for one in found:
        for agent in AGENTS:
            print(f"written: {write(name, one, agent, conf)}")
    table = conf.absolute().parent / "results" / "searches" / f"{name}.csv"
    table.parent.mkdir(parents=True, exist_ok=True)
    searched_now = {one.task.env for one in found}
    others = [row for row in rows_of(table) if row["env"] not in searched_now]
    replace_text(table, as_csv([*others, *(row for one in found for row in one.rows())]))
    print(f"written: {table}")


def first(questions: Sequence[Question], number: int) -> Candidates:
    """Make the searches of the first round; so many of each that go on to the second one."""
    for question in questions:
        for line in plan_lines(question):
            print(line)
    with searched(questions, lambda line: print(line, flush=True)) as searches:
        return {search.question.agent: kept(_candidates(search), number) for search in searches}


def _candidates(search: Search) -> list[Candidate]:
    """The complete trials of a search, the best one first."""
    question, study = search.question, search.study
    best_first = sorted(study.complete(), key=lambda pair: pair[1].rank_key(question.objective))
    return [
        Candidate(
            trial.number + 1,
            outcome_words(outcome, question.objective),
            study.chosen_by(trial),
            len(study.over),
        )
        for trial, outcome in best_first
    ]


def second(
    task: Task, candidates: Candidates, results: Path, more: Sequence[str]
) -> Mapping[str, Sequence[Outcome]]:
    """Make the runs that are missing of the second round, both agents side by side; by agent, what
    its candidates came to.

    Raises RunError where a run failed, and KeyboardInterrupt when each has written a checkpoint.
    """
    wanted = {
        agent: [task.second_round(agent, one.chosen, results, more) for one in settings]
        for agent, settings in candidates.items()
    }
    every = [words for settings in wanted.values() for runs in settings for words in runs]
    places: dict[tuple[str, ...], Path] = {}
    for job in launch(every, compose, ["hydra.mode=RUN"], AUTO):
        assert job.directory is not None
        places[job.words] = job.directory
        prune(job.directory)  # replays of all of them would take gigabytes
    return {
        agent: [Outcome.of([read_run(places[words]) for words in runs]) for runs in settings]
        for agent, settings in wanted.items()
    }


def write(name: str, found: Found, agent: str, conf: Path) -> Path:
    """Write the file of an agent's settings on a task, with how they were found; its path."""
    task, candidate = found.task, found.candidates[agent][found.best(agent)]
    spent_s = sum(sum(one.train_s) for one in found.outcomes[agent])
    about = (
        f"Found by scripts/tune {name} (rlbench {rlbench.__version__}) on {utc_now()[:10]}. Round "
        f"one: at most {TRIALS} trials and {duration(task.effort_s)} of training in all, seeds "
        f"{_ends(SEEDS)}. Round two: the best {task.kept - 1} of them and the settings as they "
        f"were, {duration(spent_s)}, seeds {_ends(task.second_seeds)}, on "
        f"{describe().cpu_model or 'this machine'}. A run had at most {task.run_s} s and one core. "
        f"Varied was what scripts/tunings/{name}.yaml says; the rest stayed. Reported seeds are "
        "0-99."
    )
    file = Path("tuned", agent, f"{task.env}.yaml")
    told, before = [about, found.told(agent)], CONF / file
    if not candidate.chosen and before.exists():
        told.append(f"Of the settings as they were: {_comment(before)}")
    place = conf / file
    place.parent.mkdir(parents=True, exist_ok=True)
    replace_text(place, file_of(before, task.common(agent), candidate.chosen, told))
    return place


def _comment(file: Path) -> str:
    """What a file of settings says of them, above all keys: it stays true where they stay."""
    lines = itertools.takewhile(lambda line: line.startswith("#"), file.read_text().splitlines())
    return " ".join(line.lstrip("# ") for line in lines if not line.startswith("# @package"))
