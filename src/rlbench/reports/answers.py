"""The answer in words: who was faster, by how much, how sure, on what, and does the claim hold."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from rlbench.analysis.environment import EnvironmentAnalysis
from rlbench.analysis.groups import Group, incomparable_notes
from rlbench.analysis.level_times import LevelTime
from rlbench.analysis.speed_ratios import SpeedRatio
from rlbench.reports.page.model import Answer
from rlbench.runs.records import Unit
from rlbench.wording import TIMES, agent_name, amount, plural, significant
from rlbench.wording import ratio as short

NOT_SETTLED = "not settled"
NO_COMPARISON = "no comparison"
MAX_NAMES = 8

_OTHER_CLOCKS: tuple[tuple[Unit, str], ...] = (
    ("train_cpu_s", "CPU time"),
    ("env_steps", "environment steps"),
    ("command_s", "time from command (start-up included)"),
)


def answers(data: EnvironmentAnalysis, claimed: Sequence[float], anchor: str = "") -> list[Answer]:
    """One answer for each pair of groups that may be compared; one that says why not if none.

    anchor: of the environment's section on the page.
    """
    pairs = sorted(
        {(ratio.baseline, ratio.challenger) for ratio in data.ratios if ratio.is_threshold}
    )
    if not pairs:
        reason = _why_not(data)
        return [
            Answer(
                data.env, anchor, "", NO_COMPARISON, "", "", reason, _seeds_of(data),
                "", (), (f"{reason}.",),
            )
        ]  # fmt: skip
    found = []
    for dqn, es in pairs:
        ratios = {
            r.unit: r
            for r in data.ratios
            if (r.baseline, r.challenger) == (dqn, es) and r.is_threshold
        }
        several = len(pairs) > 1
        pair = f"{agent_name(dqn)} against {agent_name(es)}" if several else ""
        found.append(_answer(data, anchor, pair, ratios, claimed))
    return found


def _answer(
    data: EnvironmentAnalysis,
    anchor: str,
    pair: str,
    ratios: dict[Unit, SpeedRatio],
    claimed: Sequence[float],
) -> Answer:
    head = ratios["train_s"]
    faster, shown, interval = advantage(head)
    return Answer(
        env=data.env,
        anchor=anchor,
        pair=pair,
        faster=faster,
        factor=shown,
        interval=interval,
        sure=sureness(head),
        seeds=(
            f"ES {head.n_challenger_reached} of {head.n_challenger} solved, "
            f"DQN {head.n_baseline_reached} of {head.n_baseline}"
        ),
        ratio=ratio_text(head),
        claimed=tuple(reaches(head, factor) for factor in claimed),
        sentences=tuple(_sentences(data, head, ratios)),
    )


def settled_winner(ratio: SpeedRatio) -> str:
    """ "ES" or "DQN" where the interval, or the bound, lies wholly on one side of 1; else ""."""
    if ratio.ratio is None:
        return ""
    if ratio.low is not None and ratio.low > 1:
        return "ES"
    if ratio.high is not None and ratio.high < 1:
        return "DQN"
    return ""


def advantage(ratio: SpeedRatio) -> tuple[str, str, str]:
    """Who was faster, how many times as fast, and the interval of that, as words.

    Of a pair that is not settled the factor is that of the one that was ahead.
    """
    if ratio.ratio is None:
        return NO_COMPARISON, "", ""
    ahead = "ES" if ratio.ratio >= 1 else "DQN"
    value, low, high = ratio.ratio, ratio.low, ratio.high
    at_least = ratio.bound == ">="
    if ahead == "DQN":
        value, low, high = _inverse(value), _inverse(high), _inverse(low)
        at_least = ratio.bound == "<="
    sign = "" if not ratio.bound else "at least " if at_least else "at most "
    winner = settled_winner(ratio)
    shown = f"{sign}{short(value)}{TIMES}"
    if winner != ahead:
        shown += f" ({ahead} ahead)"
    return winner or NOT_SETTLED, shown, _interval(low, high, ratio.reason)


def sureness(ratio: SpeedRatio) -> str:
    """How sure the answer is, in words that the interval allows."""
    if ratio.ratio is None:
        return ratio.reason
    p = "" if ratio.log_rank_p is None else f"; log-rank p = {significant(ratio.log_rank_p, 2)}"
    if ratio.low is None and ratio.high is None:
        return (ratio.reason or "no interval") + ", so this may be chance"
    if settled_winner(ratio):
        bound = ""
        if ratio.bound:
            loser = "DQN" if ratio.bound == ">=" else "ES"
            bound = f"; only a bound, since {loser} never got there in its budget"
        return f"clear: the 95 % interval excludes equally fast{bound}{p}"
    return f"open: the 95 % interval includes equally fast{p}"


def reaches(ratio: SpeedRatio, claimed: float) -> str:
    """Whether ES was at least `claimed` times as fast: "yes", "no", or "open"."""
    if ratio.ratio is None:
        return "open"
    if ratio.low is not None and ratio.low >= claimed:
        return "yes"
    if ratio.high is not None and ratio.high < claimed and ratio.could_show(claimed):
        return "no"
    return "open"


def ratio_text(ratio: SpeedRatio) -> str:
    """The speed ratio as it stands in speed_ratio.csv, rounded, with its interval."""
    if ratio.ratio is None:
        return "none"
    sign = {"": "", ">=": "at least ", "<=": "at most "}[ratio.bound]
    interval = _interval(ratio.low, ratio.high, "")
    return f"{sign}{short(ratio.ratio)}" + (f" [{interval}]" if interval else "")


def headline(found: Sequence[Answer], claimed: Sequence[float]) -> Iterator[str]:
    """The whole comparison in a few sentences."""
    compared = [answer for answer in found if answer.faster != NO_COMPARISON]
    if not compared:
        yield "From these runs DQN and ES cannot be compared on any environment."
        return
    total = len({answer.env for answer in compared})
    parts: list[str] = []
    for winner in ("ES", "DQN"):
        won = _envs(answer for answer in compared if answer.faster == winner)
        names = f" ({_listed(won)})" if won else ""
        verb = (
            f"{winner} was clearly faster on {len(won)}" if not parts else f"{winner} on {len(won)}"
        )
        parts.append(verb + (f" of {plural(total, 'environment')}" if not parts else "") + names)
    open_envs = _envs(answer for answer in compared if answer.faster == NOT_SETTLED)
    sentence = ", ".join(parts)
    if open_envs:
        sentence += f"; on {len(open_envs)} the seeds do not settle it ({_listed(open_envs)})"
    yield sentence + "."
    for index, times in enumerate(claimed):
        verdicts = [answer.claimed[index] for answer in compared]
        yes, no = verdicts.count("yes"), verdicts.count("no")
        said = f"ES {significant(times)} times as fast, as a popular claim has it"
        if no == len(verdicts):
            yield f"{said}: nowhere here. Every 95 % interval ends below that."
        else:
            yield (
                f"{said}: yes on {yes} of {plural(len(verdicts), 'comparison')}, "
                f"ruled out on {no}, open on {len(verdicts) - yes - no}."
            )


def overall_lines(ratios: Iterable[SpeedRatio]) -> Iterator[str]:
    """The geometric mean over environments, in training time."""
    for ratio in ratios:
        if ratio.unit != "train_s" or ratio.ratio is None:
            continue
        faster, shown, interval = advantage(ratio)
        inside = f", 95 % interval {interval}" if interval else ""
        said = "not settled, " if faster == NOT_SETTLED else f"{faster} "
        yield f"All together, {ratio.env}: {said}{shown}{inside}."


def seeds_line(data: Iterable[EnvironmentAnalysis]) -> str:
    """How many seeds there are, and what that is worth."""
    sizes_of: dict[str, list[int]] = {"es": [], "dqn": []}
    for part in data:
        for group in part.groups.contenders:
            sizes_of.get(group.agent, []).append(len(group.runs))
    counts = {agent: sorted(set(sizes)) for agent, sizes in sizes_of.items()}
    parts = [
        f"{'' if low == high else f'{low} to '}{plural(high, 'seed')} of {agent_name(agent)}"
        for agent, sizes in counts.items()
        if sizes
        for low, high in [(sizes[0], sizes[-1])]
    ]
    if not parts:
        return "No run of ES or DQN."
    fewest = min(sizes[0] for sizes in counts.values() if sizes)
    line = f"{' and '.join(parts)} on each environment."
    if fewest == 1:
        return f"{line} One seed gives no interval: such a difference may be chance."
    if fewest < 10:
        return f"{line} With so few seeds an interval is rather too narrow than too wide."
    return line


def hardware_lines(groups: Iterable[Group]) -> list[str]:
    """On what the runs were made; one line for each kind of machine and number of cores."""
    kinds: dict[str, int] = {}
    for group in groups:
        for run in group.runs:
            total, memory = run.facts.get("cpu_count"), run.facts.get("memory_mb")
            of = f" of {total:g}" if isinstance(total, float) else ""
            cores = "an unknown number of cores" if run.cores is None else f"{run.cores}{of} cores"
            line = f"{cores}, {run.cpu_model or 'unknown CPU'}"
            if isinstance(memory, float):
                line += f", {memory / 1024:.0f} GB of memory"
            if run.device in ("", "cpu"):
                line += ", no GPU used"
            else:
                line += f", device {run.device}"
            kinds[line] = kinds.get(line, 0) + 1
    return [
        f"{line} ({plural(count, 'run')})" if len(kinds) > 1 else line
        for line, count in kinds.items()
    ]


def _sentences(
    data: EnvironmentAnalysis, head: SpeedRatio, ratios: dict[Unit, SpeedRatio]
) -> Iterator[str]:
    names = {"ES": agent_name(head.challenger), "DQN": agent_name(head.baseline)}
    if head.ratio is None:
        yield f"{names['DQN']} and {names['ES']}: no speed ratio, {head.reason}."
    else:
        faster, shown, interval = advantage(head)
        level = f"a mean return of {significant(head.level)}"
        inside = (
            f" (95 % interval {interval})" if interval else f" ({head.reason or 'no interval'})"
        )
        if faster == NOT_SETTLED:
            yield f"Which of the two reaches {level} sooner is not settled: {shown}{inside}."
        else:
            yield f"{names[faster]} reached {level} sooner, {shown} as fast{inside}."
    for label, reached, total in (
        (head.challenger, head.n_challenger_reached, head.n_challenger),
        (head.baseline, head.n_baseline_reached, head.n_baseline),
    ):
        yield f"{agent_name(label)}: {reached} of {plural(total, 'seed')} solved it" + _mean(
            next((t for t in data.times if _is_head(t, label)), None)
        )
    others = []
    for unit, name in _OTHER_CLOCKS:
        if unit in ratios and ratios[unit].ratio is not None:
            faster, shown, interval = advantage(ratios[unit])
            who = f"{faster} {shown}" if faster != NOT_SETTLED else f"not settled, {shown}"
            others.append(f"{name}: {who}" + (f" [{interval}]" if interval else ""))
    if others:
        yield f"By other measures. {'; '.join(others)}."


def _is_head(time: LevelTime, label: str) -> bool:
    return time.group == label and time.is_threshold and time.unit == "train_s"


def _mean(time: LevelTime | None) -> str:
    if time is None or time.restricted_mean is None:
        return "."
    text = f", in {amount(time.restricted_mean, 'train_s')} of training on average"
    interval = _interval(time.low, time.high, "")
    if interval:
        text += f" [{interval}]"
    if time.n_reached < time.n_runs and time.horizon is not None:
        text += f", each of the others counted as {amount(time.horizon, 'train_s')}"
    return f"{text}."


def _why_not(data: EnvironmentAnalysis) -> str:
    note = next(iter(incomparable_notes(data.groups)), "")
    if note:
        return "DQN and ES ran under different conditions, see the notes"
    agents = {group.agent for group in data.groups.contenders}
    if not data.groups.thresholds:
        return "No threshold is known here, so nothing can be solved"
    missing = [agent_name(agent) for agent in ("es", "dqn") if agent not in agents]
    if missing:
        return f"No run of {' or of '.join(missing)} here"
    return "DQN and ES cannot be compared here"


def _seeds_of(data: EnvironmentAnalysis) -> str:
    return ", ".join(f"{agent_name(g.label)} {len(g.runs)}" for g in data.groups.groups)


def _inverse(value: float | None) -> float:
    """Of a factor; an open end stays open."""
    if value is None:
        return math.nan
    return math.inf if value == 0 else 1.0 / value


def _interval(low: float | None, high: float | None, reason: str) -> str:
    known_low, known_high = _known(low), _known(high)
    if known_low is None and known_high is None:
        return ""
    if known_high is None and known_low is not None:
        return f"{short(known_low)} or more"
    if known_low is None and known_high is not None:
        return f"{short(known_high)} or less"
    assert known_low is not None and known_high is not None
    return f"{short(known_low)} to {short(known_high)}"


def _known(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value


def _envs(found: Iterable[Answer]) -> list[str]:
    return sorted({answer.env for answer in found})


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return ", ".join(names[:MAX_NAMES]) + more
