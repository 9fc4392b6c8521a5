"""Places of more than two agents, as terminal, table and page say them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rlbench.analysis.league import League, Standing
from rlbench.reports import columns
from rlbench.reports.table_rows import column_values
from rlbench.table import About, Row, Table
from rlbench.wording import agent_name, plural, ratio_text

MOST_ALONE = 6  # environments whose places stand beside those over all; league.csv has each


@dataclass(frozen=True)
class LeagueRow:
    """One agent, in words."""

    place: str  # `1`, or `2 to 4` where the seeds do not tell it from others
    agent: str
    name: str
    factor: str  # how many times as fast as the baseline
    solved: str
    alone: tuple[str, ...]  # its place on each environment of `shown_alone`


def shown_alone(league: League) -> tuple[League, ...]:
    """The leagues on single environments that stand beside the one over all, if not too many."""
    return league.alone if len(league.alone) <= MOST_ALONE else ()


def league_title(league: League) -> str:
    """Who and where."""
    return f"{plural(len(league.standings), 'agent')} on {league.label}"


def league_sentences(league: League) -> Iterator[str]:
    """Who was the fastest, or who may have been; where that is open, who was on one environment
    alone."""
    yield _sentence(league)
    firsts = [found.first for found in league.standings if found.n_reached]
    if firsts.count(1) == 1:
        return
    for one in league.alone:
        if [found.first for found in one.standings if found.n_reached].count(1) == 1:
            yield _sentence(one)


def _sentence(league: League) -> str:
    names = [agent_name(found.agent) for found in league.standings if found.first == 1]
    others = len(league.standings) - len(names)
    if not any(found.n_reached for found in league.standings):
        return f"None of {league_title(league)} solved it."
    if len(names) == 1:
        return f"{names[0]} was clearly faster than the {others} other agents on {league.label}."
    if not others:
        return f"Of {league_title(league)} these seeds do not settle which was fastest."
    listed = f"{', '.join(names[:-1])} or {names[-1]}"
    return f"Of {league_title(league)} the fastest was {listed}; these seeds do not settle which."


def league_rows(league: League) -> Iterator[LeagueRow]:
    """One for each agent, the fastest first."""
    alone = [{found.agent: _place(found) for found in one.standings} for one in shown_alone(league)]
    for found in league.standings:
        yield LeagueRow(
            place=_place(found),
            agent=found.agent,
            name=agent_name(found.agent),
            factor=_factor(found),
            solved=f"{found.n_reached} of {found.n_runs}",
            alone=tuple(places[found.agent] for places in alone),
        )


def league_lines(league: League) -> Iterator[str]:
    """A league for the terminal."""
    alone = "; in brackets on each alone" if shown_alone(league) else ""
    yield f"{league_title(league)}, places by training time{alone}"
    for row in league_rows(league):
        factor = row.factor
        if factor[:1].isdigit() or factor.startswith(("at", "\u2265")):
            factor += f" as fast as {agent_name(league.baseline)}"
        place = f"{row.place} ({', '.join(row.alone)})" if row.alone else row.place
        yield f"  {place}: {row.name}, {factor}, {row.solved} runs solved it"


def league_table(leagues: Sequence[League]) -> Table:
    """One row for each agent of each league; those on single environments follow that over all."""
    rows = [
        Row(
            column_values(columns.LEAGUE, found, {"group": found.agent, "baseline": one.baseline}),
            About(agents=(found.agent,)),
        )
        for league in leagues
        for one in (league, *league.alone)
        for found in one.standings
    ]
    holds = "places of three agents or more, by training time"
    return Table("league.csv", holds, columns.LEAGUE, tuple(rows))


def _place(found: Standing) -> str:
    first, last = found.first, found.last
    return str(first) if first == last else f"{first} to {last}"


def _factor(found: Standing) -> str:
    if found.is_baseline:
        return "the baseline"
    return ratio_text(found, "words") if found.ratio is not None else f"no ratio: {found.reason}"
