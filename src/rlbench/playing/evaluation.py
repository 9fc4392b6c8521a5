"""The judge's own evaluation of a policy, outside of a run: the same episodes, the same rule."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rlbench.analysis.score_statistics import ScoreEstimate, aggregate_scores
from rlbench.envs.family import EnvPlan
from rlbench.envs.make import family_of
from rlbench.harness.evaluate import Evaluation, check_policy
from rlbench.harness.evaluator import Evaluator, worth_processes
from rlbench.harness.machine import working_directory_kept
from rlbench.harness.resources import Resources
from rlbench.interfaces import EnvFacts, Policy
from rlbench.playing.conditions import Conditions
from rlbench.playing.model import Model, ModelPolicy
from rlbench.playing.source import conditions_for, read_source
from rlbench.seeding import Seeds
from rlbench.settings import EnvSettings, EvalSettings, resolve
from rlbench.table import Column, Row, Table

MOST_LANES = 1_000  # however many episodes there are
COLUMNS = (
    Column("episode", "exact", "", "number of the episode, from 0"),
    Column("reset_seed", "exact", "", "the seed that the environment was reset with"),
    Column("return", "number", "", "sum of the raw rewards"),
    Column("length", "large", "", "steps of the episode"),
    Column("truncated", "code", "", "whether a cap on its steps ended it"),
)


@dataclass(frozen=True)
class Judged:
    """Whole episodes of a policy. max_episode_steps: the cap of each. threshold: the mean return
    that means solved, or None."""

    played: Evaluation
    conditions: Conditions
    max_episode_steps: int
    threshold: float | None

    @property
    def mean(self) -> ScoreEstimate:
        """The mean return with its 95 % interval over episodes of this policy; without one where
        there are fewer than five, or all have the same return."""
        return aggregate_scores(self.played.returns[:, None])["mean"]

    def table(self) -> Table:
        """One row an episode."""
        seeds, played = _seeds(self.conditions), self.played
        rows = tuple(
            Row((number, seeds.episode_seed(number), float(returned), int(steps), bool(cut)))
            for number, (returned, steps, cut) in enumerate(
                zip(played.returns, played.lengths, played.truncated, strict=True)
            )
        )
        return Table("returns.csv", "the episodes of an evaluation", COLUMNS, rows)


def judge(policy: Policy | Model, conditions: Conditions, *, cores: int = 1) -> Judged:
    """Play the episodes of `conditions` as a run's evaluation does.

    cores: on how many, where that pays; the result does not depend on it. Raises ConfigError for a
    policy that does not suit the environment, and RunError where it gives an action later that the
    environment does not have.
    """
    plan, cap = plan_of(conditions)
    policy = fitted(policy, plan.facts)
    episodes = conditions.episodes
    settings = EvalSettings(episodes=min(episodes, MOST_LANES), confirmation_episodes=1)
    resources = Resources(plan, cores=cores)
    with working_directory_kept():
        try:
            executor = resources.evaluation_executor(worth_processes(plan, episodes, cap))
            evaluator = Evaluator(plan, cap, settings, executor)
            try:
                played = evaluator.play(policy, episodes, _seeds(conditions))
            finally:
                evaluator.close()
        finally:
            resources.close()
    return Judged(played, conditions, cap, plan.threshold)


def policy_in(path: Path, asked: EnvSettings | None) -> Policy:
    """The policy in a file of any maker, fitted to the environment that is `asked` for, else to
    that which the file names. Raises ReportError and ConfigError as `read_source` and `fitted`."""
    source = read_source(path)
    wanted = None if asked is None else Conditions(env=asked)
    plan, _ = plan_of(conditions_for(source, wanted, by_id_alone=True))
    return fitted(source.policy, plan.facts)


def fitted(policy: Policy | Model, facts: EnvFacts) -> Policy:
    """A policy that suits the environment; raises ConfigError where this one does not."""
    suited = ModelPolicy(policy, facts) if isinstance(policy, Model) else policy
    check_policy(suited, facts)
    return suited


def plan_of(conditions: Conditions) -> tuple[EnvPlan, int]:
    """The environment, and the cap of an evaluation's episodes in steps.

    Raises ConfigError where the environment cannot be had.
    """
    family = family_of(conditions.env)
    with working_directory_kept():
        plan = family.plan()
    return plan, resolve(conditions.eval_max_episode_steps, family.eval_max_episode_steps())


def _seeds(conditions: Conditions) -> Seeds:
    return Seeds(conditions.seed).child("evaluation")
