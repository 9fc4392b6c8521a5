"""How fast a run will go on this machine: what runs of its setup took, or a probe of a few seconds
with the agent itself."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from rlbench.clock import monotonic_s
from rlbench.harness.evaluator import Evaluator, worth_processes
from rlbench.harness.machine import confined
from rlbench.harness.plan import RunPlan
from rlbench.harness.resources import Resources
from rlbench.interfaces import Agent
from rlbench.runs.reading import UnreadableFileError
from rlbench.runs.summary import read_summary
from rlbench.seeding import Seeds

WARM_UP_S = 1.0  # compiling and first episodes are not the pace
PROBE_S = 2.0  # a window
WINDOWS = 2
LONG_CALL_S = 1.0  # calls of `advance` are made longer until one takes so long


@dataclass(frozen=True)
class Speed:
    """steps_per_s: of training. startup_s: before it. eval_s: of one evaluation; eval_steps: that
    it plays; both None where eval_share is known: seconds of evaluation for each of training.
    source: how this is known, in words."""

    steps_per_s: float
    startup_s: float
    eval_s: float | None = None
    eval_steps: float | None = None
    eval_share: float | None = None
    source: str = ""


def recorded(plan: RunPlan) -> Speed | None:
    """What finished runs of the same setup took, whatever their seeds; None: there are none."""
    clocks = []
    for directory in sorted(plan.name.directory.parent.glob("seed*")):
        with contextlib.suppress(UnreadableFileError, OSError):
            summary = read_summary(directory)
            if summary is not None and summary.status in ("solved", "budget"):
                clocks.append(summary.clock)
    train_s, eval_s = sum(c.train_s for c in clocks), sum(c.eval_s for c in clocks)
    steps = sum(clock.env_steps for clock in clocks)
    if not (train_s > WARM_UP_S and eval_s >= 0 and steps):
        return None
    number = f"{len(clocks)} run" + ("s" if len(clocks) > 1 else "")
    return Speed(
        steps_per_s=steps / train_s,
        startup_s=sum(clock.startup_s for clock in clocks) / len(clocks),
        eval_share=eval_s / train_s,
        source=f"what {number} of this setup took here",
    )


def probe(plan: RunPlan) -> Speed:
    """Train for a few seconds and evaluate once, on the run's cores; nothing is written.

    Raises what the agent or the environment raises.
    """
    with confined(plan.cores, plan.settings.device):
        began = monotonic_s()
        resources = Resources.of(plan)
        agent: Agent | None = None
        try:
            deadline = [began]
            context = resources.context(plan.settings.seed, lambda: monotonic_s() > deadline[0])
            agent = plan.agent_class(context, plan.agent_settings.for_probe())
            deadline[0] = monotonic_s() + 10 * PROBE_S
            agent.advance(0)
            startup_s = monotonic_s() - began
            steps_per_s = _pace(agent, resources, deadline)
            eval_s, eval_steps = _evaluation(plan, agent, resources)
        finally:
            if agent is not None:
                agent.close()
            resources.close()
    return Speed(steps_per_s, startup_s, eval_s, eval_steps, source="a probe of a few seconds")


def _pace(agent: Agent, resources: Resources, deadline: list[float]) -> float:
    """Steps of training a second, after a warm-up: those of the fastest of some windows, as what
    comes once, such as compiling, may fall into another. Long calls, since the end of one waits for
    updates that run beside the steps."""
    size, warmed_s = 1, 0.0
    paces: list[float] = []
    while len(paces) < WINDOWS:
        steps, took_s = 0, 0.0
        while took_s < PROBE_S:
            began, counted = monotonic_s(), resources.counts().env_steps
            deadline[0] = began + PROBE_S
            agent.advance(size)
            call_s, done = monotonic_s() - began, resources.counts().env_steps - counted
            if call_s < LONG_CALL_S:
                size *= 2
            if warmed_s >= WARM_UP_S or call_s >= PROBE_S:
                steps, took_s = steps + done, took_s + call_s
            warmed_s += call_s
        paces.append(steps / took_s)
    return max(paces)


def _evaluation(plan: RunPlan, agent: Agent, resources: Resources) -> tuple[float, float]:
    """Seconds and steps of one evaluation. On frames one episode a core is played: they are long,
    and take the same time each."""
    settings, cap = plan.settings.eval, plan.eval_max_episode_steps
    spread = worth_processes(plan.env, settings.episodes, cap)
    evaluator = Evaluator(plan.env, cap, settings, resources.evaluation_executor(spread))
    try:
        evaluator.build()
        episodes = min(settings.episodes, plan.cores if plan.env.facts.frames else 20)
        began = monotonic_s()
        played = evaluator.play(agent.policy(), episodes, Seeds(plan.settings.seed).child("probe"))
        each_s = (monotonic_s() - began) / episodes
    finally:
        evaluator.close()
    return each_s * settings.episodes, played.steps / episodes * settings.episodes
