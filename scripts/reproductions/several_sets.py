"""Tables about several sets of runs, and what docs/answer.md calls them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from reproductions.cells import markdown_row, short_name
from rlbench.analysis.decision import decide
from rlbench.analysis.groups import EnvironmentGroups, group_runs
from rlbench.analysis.speed_ratios import SpeedRatio, speed_ratios, threshold_ratios
from rlbench.analysis.suite_ratios import MeanRatio
from rlbench.analysis.suite_statistics import across_environments
from rlbench.runs.columns import Clock, Unit
from rlbench.runs.load import load_runs
from rlbench.runs.records import Run
from rlbench.wording import agent_name, ratio_text, winner_text

ANSWERS = {  # of docs/answer.md: the sets of ES against DQN
    "classic-one-core": "classic control",
    "classic": "classic control",
    "mujoco": "robotics",
    "humanoid": "the Humanoid",
    "ram": "Atari from memory",
    "pong": "Pong from pixels",
    "games": "other Atari games from pixels",
}
CLOCKS: tuple[Unit, ...] = ("train_s", "command_s", "env_steps")
CLAIMS = {"atari": "ram", "robotics": "mujoco"}  # and the set that tests each


def cores(reference: Path) -> Iterator[str]:
    """What a second core is worth to each agent on the classic tasks, in Markdown: the training
    time to the threshold on one core over that on two, seed by seed. A seed that takes as many
    steps on both learns the same on both, so what differs is the machine."""
    yield (
        "| environment | agent | solved, one core | solved, two cores "
        "| time over time, median of seeds | lowest to highest | same steps |"
    )
    yield "|---" * 4 + "|---" * 3 + "|"
    one, two = (
        {found.env: found for found in group_runs(load_runs(reference / name).runs)}
        for name in ("classic-one-core", "classic")
    )
    for env in sorted(one.keys() & two.keys()):
        for alone in one[env].contenders:
            both = next(group for group in two[env].contenders if group.agent == alone.agent)
            solved = [_solved(group.runs) for group in (alone, both)]
            pairs = [(solved[0][seed], solved[1][seed]) for seed in solved[0] if seed in solved[1]]
            ratios = sorted(first.train_s / second.train_s for first, second in pairs)
            same = sum(first.env_steps == second.env_steps for first, second in pairs)
            yield markdown_row(
                env,
                agent_name(alone.agent),
                *(f"{len(n)} of {len(g.runs)}" for n, g in zip(solved, (alone, both), strict=True)),
                f"{median(ratios):.2f}\u00d7",
                f"{ratios[0]:.2f} to {ratios[-1]:.2f}",
                f"{same} of {len(pairs)}",
            )


def _solved(runs: Sequence[Run]) -> dict[int, Clock]:
    """When the runs were solved, by seed, without those that were not."""
    return {run.seed: run.solved_at.at for run in runs if run.solved_at is not None}


def faster(reference: Path) -> Iterator[str]:
    """Who was faster on every environment of every committed set, as every report decides it, in
    Markdown."""
    yield "| set | environment | baseline, solved | challenger, solved | time over time | faster |"
    yield "|---" * 6 + "|"
    for results in sorted(path for path in reference.iterdir() if path.is_dir()):
        environments = group_runs(load_runs(results).runs)
        ratios = [ratio for found in environments for ratio in speed_ratios(found)]
        rows: list[SpeedRatio | MeanRatio] = [*threshold_ratios(ratios)]
        for suite in across_environments(environments, ratios):
            rows += [mean for mean in suite.ratios if mean.unit == "train_s"]
        for ratio in rows:
            place, _, _ = ratio.env.partition(f", {ratio.challenger} against {ratio.baseline}")
            yield markdown_row(
                results.name,
                place,
                f"{agent_name(ratio.baseline)} {ratio.n_baseline_reached} of {ratio.n_baseline}",
                f"{agent_name(ratio.challenger)} {ratio.n_challenger_reached} of "
                f"{ratio.n_challenger}",
                ratio_text(ratio),
                winner_text(decide(ratio)),
            )


def answer(reference: Path) -> Iterator[str]:
    """On which environments of each set of ES against DQN who was faster, and how much sooner over
    those with a ratio together, where that is more than half of them, in training time, in time
    from the command and in steps, in Markdown: the table of docs/answer.md."""
    yield (
        "| runs | ES was faster | DQN was faster | not settled | no ratio "
        "| together, by training time | ... from the command | ... by steps |"
    )
    yield "|---" * 8 + "|"
    for name, kind in ANSWERS.items():
        if not (reference / name).is_dir():
            continue
        environments = group_runs(load_runs(reference / name).runs)
        ratios = [ratio for found in environments for ratio in speed_ratios(found)]
        envs: dict[str, list[str]] = {}
        for ratio in threshold_ratios(ratios):
            envs.setdefault(winner_text(decide(ratio)), []).append(short_name(ratio.env))
        means = {
            mean.unit: mean
            for suite in across_environments(environments, ratios)
            for mean in suite.ratios
            if 2 * mean.n_environments > len(environments)
        }
        yield markdown_row(
            f"{kind}, {_cores_of(environments)}",
            *(", ".join(envs.get(c, [])) for c in ("ES", "DQN", "not settled", "no comparison")),
            *(_together(means.get(clock), len(environments)) for clock in CLOCKS),
        )


def _together(mean: MeanRatio | None, n_environments: int) -> str:
    """`0.62×, 5 of 7`: on how many environments a mean rests, where that is not all of them."""
    if mean is None or mean.ratio is None:
        return ""
    part = f", {mean.n_environments} of {n_environments}"
    return ratio_text(mean) + (part if mean.n_environments < n_environments else "")


def _cores_of(environments: Sequence[EnvironmentGroups]) -> str:
    """`a core each`, for the runs of ES and DQN."""
    (cores,) = {run.cores for found in environments for g in found.contenders for run in g.runs}
    return "a core each" if cores == 1 else f"{cores} cores each"


def verdicts(reference: Path) -> Iterator[str]:
    """What the reports of the sets that can test a claim say of it, in Markdown."""
    yield "| claim | runs | verdict | because |"
    yield "|---" * 4 + "|"
    for key, name in CLAIMS.items():
        file = reference / name / "report" / "claims.json"
        if not file.is_file():
            continue
        claims = json.loads(file.read_text(encoding="utf-8"))["claims"]
        (claim,) = (claim for claim in claims if claim["key"] == key)
        verdict = claim["verdict"]
        stated = f"{verdict['outcome']} {verdict['condition']}".rstrip()
        yield markdown_row(claim["title"], ANSWERS[name], stated, verdict["reason"])
