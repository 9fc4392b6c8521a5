"""What a search says: of a trial, of its plan, and of how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rlbench.harness.screen import duration
from rlbench.tuning.outcome import Objective, Outcome
from rlbench.tuning.question import Question

UNLIMITED = 10_000  # trials


def plan_lines(question: Question) -> Iterator[str]:
    """What will be done, and how long it may take at most."""
    asked = question.asked
    yield f"{question.agent} on {asked.env}: {limits(question)}; {_goal(question)}"
    for key, dimension in question.space.items():
        yield f"  {short_key(key)}: {dimension.text()}"
    yield f"  study: {question.directory}"


def limits(question: Question) -> str:
    """`20 trials of 3 seeds (1000-1002), each at most 60.0 s of training, 3600.0 s in all`."""
    asked, budget = question.asked, question.base.budget
    seeds = ", ".join(map(str, asked.seeds))
    each = f"{len(asked.seeds)} seed{'s' if len(asked.seeds) > 1 else ''} ({seeds})"
    trials = "trials" if asked.trials >= UNLIMITED else f"{asked.trials} trials"
    most = [f"{duration(budget.train_seconds)} of training"] if budget.train_seconds else []
    most += [f"{budget.env_steps:,} steps"] if budget.env_steps else []
    text = f"{trials} of {each}, a run at most {' or '.join(most)}"
    if asked.effort_s is not None:
        return f"{text}, an effort of {duration(asked.effort_s)} of training in all"
    if budget.train_seconds is not None:
        whole = asked.trials * len(asked.seeds) * budget.train_seconds
        return f"{text}, an effort of at most {duration(whole)} of training in all"
    return text


def _goal(question: Question) -> str:
    if question.objective == "final_return":
        return "the highest mean of the last evaluation is best"
    return "the shortest mean time to the threshold is best"


def outcome_words(outcome: Outcome, objective: Objective) -> str:
    """What a trial came to: `3 of 3 solved, after 4.2 s on average`."""
    number = len(outcome.solved_s)
    if objective == "final_return":
        return f"final return {outcome.mean_return:.1f}"
    solved = f"{number - outcome.unsolved} of {number} solved"
    if outcome.mean_solved_s is not None:
        return f"{solved}, after {duration(outcome.mean_solved_s)} of training on average"
    of_others = " of the others" if outcome.unsolved < number else ""
    return f"{solved}, final return{of_others} {outcome.return_of_unsolved:.1f}"


def chosen_words(chosen: Mapping[str, str]) -> str:
    """`sigma=0.1 population=64`."""
    return " ".join(f"{short_key(key)}={value}" for key, value in chosen.items())


def short_key(key: str) -> str:
    """A key without the `agent.` that all have."""
    return key.lstrip("+").removeprefix("agent.")
