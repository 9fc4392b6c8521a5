"""`scripts/tune` asks for as much of both agents, and takes what is best."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from rlbench.config.compose import compose
from rlbench.config.spaces import Choice, Interval
from rlbench.config.words import as_text
from rlbench.errors import ConfigError
from rlbench.tuning.outcome import Outcome
from rlbench.tuning.words import plan_lines
from tunings.candidates import Candidate, as_csv, kept, read_candidates
from tunings.search import (
    CONF,
    Chosen,
    as_they_are,
    drawn,
    effort_s,
    file_of,
    ranked,
    rounds_of,
    scores,
)
from tunings.suites import MINATAR, RAM, SUITES, Suite
from tunings.tasks import (
    SEEDS,
    TASKS,
    Found,
    Task,
    plan,
    search,
    space_of,
    tasks_of,
    write,
)


@pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES)
def test_the_first_setting_is_the_one_that_is_there_and_every_value_is_taken(suite: Suite) -> None:
    spaces = suite.spaces()
    assert list(spaces) == ["es", "dqn"]
    assert len({len(space) for space in spaces.values()}) == 1  # as many keys of both
    for agent, space in spaces.items():
        first = as_they_are(suite, agent, space)
        for key, dimension in space.items():
            value = first[key] if isinstance(dimension, Choice) else float(first[key])
            assert dimension.holds(value), key
        for end in (0, -1):
            typed = {key: dimension.ends[end] for key, dimension in space.items()}
            words = [*suite.words(agent, suite.envs[0]), *map("=".join, typed.items())]
            params = compose(words).agent.params
            assert {key: as_text(params[key.removeprefix("agent.")]) for key in typed} == typed


def test_settings_cover_each_dimension() -> None:
    space = {"a": Interval(1.0, 10_000.0, log=True), "b": Choice(("x", "y")), "c": Interval(0, 8)}
    found = drawn(space, 4)
    # The middles of four equal parts: 10^0.5, 10^1.5, ... of the logarithmic one.
    assert sorted(float(one["a"]) for one in found) == [3.162, 31.62, 316.2, 3162.0]
    assert sorted(one["b"] for one in found) == ["x", "x", "y", "y"]
    assert sorted(float(one["c"]) for one in found) == [1.0, 3.0, 5.0, 7.0]
    assert drawn(space, 4) == found


def test_a_score_is_the_mean_share_of_the_best_return_of_each_game() -> None:
    returns = [[3.0, 5.0, -9.0], [5.0, 1.0, -8.0], [5.0, 5.0, -7.0]]
    zeros = (1.0, 0.0, 0.0)  # nothing in the last game is better than none
    assert scores(returns, zeros) == pytest.approx([1.5 / 3, 1.2 / 3, 2 / 3])
    assert ranked(returns, zeros) == [2, 0, 1]


def test_both_agents_get_the_same_but_for_their_settings() -> None:
    _, long = rounds_of(MINATAR, 60, ("overwrite=shared",))
    es, dqn = (
        long.words(MINATAR.words(agent, MINATAR.envs[1]), {}, Path("runs"))
        for agent in ("es", "dqn")
    )
    assert es[1:] == dqn[1:] == (
        "env=MinAtar/Breakout-v1", "seed=1001", "cores=1", "budget.train_seconds=240",
        "results_dir=runs", "overwrite=shared",
    )  # fmt: skip
    assert effort_s(MINATAR, 12, 60) == 3 * (12 * 60 + 4 * 240)


def test_the_file_keeps_what_was_not_searched() -> None:
    text = file_of(
        CONF / "tuned/dqn/MinAtar.yaml",
        MINATAR.words("dqn", MINATAR.envs[0]),
        {"agent.n_step": "3", "agent.learning_rate": "3e-05"},
        ["Found here."],
    )
    assert text.startswith("# @package _global_\n# Found here.\n")
    found = yaml.safe_load(text)["agent"]
    assert found.pop("n_step") == 3 and found.pop("learning_rate") == 3e-05
    before = compose(MINATAR.words("dqn", MINATAR.envs[0])).agent.params
    assert len(found) > 5 and found == {key: before[key] for key in found}


def test_games_that_are_reported_are_not_those_that_were_tuned_on() -> None:
    values = yaml.safe_load((CONF / "experiment" / "ram.yaml").read_text())
    games = values["hydra"]["sweeper"]["params"]["env"].replace(" ", "").split(",")
    assert len(games) == 10 and not set(games) & set(RAM.envs)
    assert RAM.zeros() == (222.4, 0.1, 307.3)  # random play's, of Wang et al. 2016


def test_some_tasks_of_a_set() -> None:
    hopper, ant = tasks_of("mujoco", "Ant-v5,Hopper-v5")
    assert (hopper.env, ant.env) == ("Hopper-v5", "Ant-v5")
    # Two agents, two at a time: 4 full trials of 3 seeds of 90 s on each task.
    # Then 3 settings on 3 seeds.
    assert "on each of 2 tasks" in (whole := plan([hopper, ant], is_first=True))
    assert "at most 1:03:00 on two cores" in whole
    assert " for 1080 s of training in all; " in whole
    assert "at most 27:00 on two cores" in plan([hopper, ant], is_first=False)
    assert tasks_of("classic", None) == TASKS["classic"]
    with pytest.raises(ConfigError, match=r"--only: got .*; takes ids of mujoco: Inverted"):
        tasks_of("mujoco", "Pendulum-v1")


@pytest.mark.parametrize(("name", "task"), [(n, t) for n in TASKS for t in TASKS[n]], ids=str)
def test_a_search_of_a_task_is_taken(name: str, task: Task, tmp_path: Path) -> None:
    full = {"classic": 6, "mujoco": 4}
    es, dqn = task.questions(space_of(name), tmp_path, ())
    assert (es.agent, dqn.agent) == ("es", "dqn") and es.objective == dqn.objective
    assert es.asked == dqn.asked
    assert es.asked.seeds == (2000, 2001, 2002) and es.asked.effort_s == full[name] * 3 * task.run_s
    assert f"es on {task.env}" in next(plan_lines(es))


def candidate(trial: int, chosen: Chosen) -> Candidate:
    return Candidate(trial, f"round one of {trial}", chosen)


def outcome(*solved_s: float | None) -> Outcome:
    """Runs that were solved after so many seconds; None: not, with a return of 7."""
    spent = tuple(60.0 if one is None else one for one in solved_s)
    return Outcome(solved_s, tuple(7.0 for _ in solved_s), spent)


def found(space: Mapping[str, Sequence[Outcome]]) -> Found:
    """What a second round of three settings of each agent came to."""
    settings = [
        candidate(1, {}), candidate(9, {"agent.n_step": "3", "agent.learning_rate": "3e-05"}),
        candidate(4, {"agent.n_step": "5", "agent.learning_rate": "0.0123"}),
    ]  # fmt: skip
    return Found(TASKS["classic"][0], "time_to_threshold", {"dqn": settings}, space)


def test_the_second_round_has_the_settings_as_they_are_and_as_many_others_of_each_agent() -> None:
    best_first = [candidate(number, {"agent.x": str(number)}) for number in (7, 3, 1, 8, 2, 6)]
    assert [one.trial for one in kept(best_first, 5)] == [1, 7, 3, 8, 2]
    assert kept(best_first, 5)[0] == Candidate(1, "round one of 1", {})
    assert [one.trial for one in kept(best_first[:2], 5)] == [1, 7, 3]
    assert kept(best_first[:2], 5)[0] == Candidate(1, "", {})
    of_nine = [replace(one, trials=9) for one in best_first]
    assert kept(of_nine[:2], 5)[0] == Candidate(1, "", {}, 9)


def test_the_runs_of_the_second_round_have_seeds_that_the_first_one_did_not_have() -> None:
    task = TASKS["classic"][3]
    assert list(task.second_seeds) == [2003, 2004, 2005, 2006, 2007] and max(SEEDS) == 2002
    runs = task.second_round("dqn", {"agent.n_step": "3"}, Path("runs"), ("a=1",))
    assert runs[1] == (
        "agent=dqn", "env=LunarLander-v3", "budget.train_seconds=60", "cores=1", "a=1",
        "agent.n_step=3", "results_dir=runs", "seed=2004",
    )  # fmt: skip
    assert len(runs) == 5


def test_what_is_best_in_the_second_round_is_taken_whatever_it_was_in_the_first() -> None:
    solved, soon, most = outcome(3, 5), outcome(0.1, None), outcome(2, 4)
    assert found({"dqn": [solved, soon, most]}).best("dqn") == 2
    assert found({"dqn": [solved, soon, outcome(4, 4)]}).best("dqn") == 0  # of equals the first


def test_of_settings_with_as_many_unsolved_runs_the_first_round_says_which_is_taken() -> None:
    none, some = outcome(None, None), outcome(3, None)
    higher = replace(none, final_return=(8.0, 8.0))
    told = found({"dqn": [none, higher, none]})
    assert told.best("dqn") == 1  # nothing is known of the first round
    as_they_were, other, third = (
        replace(one, first_round=words)
        for one, words in zip(
            told.candidates["dqn"],
            ("3 of 3 solved, after 59.0 s of training on average",
             "1 of 3 solved, final return of the others 979.9", ""),
            strict=True,
        )
    )  # fmt: skip
    told = replace(told, candidates={"dqn": [as_they_were, other, third]})
    assert told.best("dqn") == 0
    assert replace(told, outcomes={"dqn": [none, higher, some]}).best("dqn") == 2
    solved = outcome(3, 5), outcome(2, 4), outcome(4, 4)  # the second round alone
    assert replace(told, outcomes={"dqn": solved}).best("dqn") == 1
    returns = Found(told.task, "final_return", told.candidates, told.outcomes)
    assert returns.best("dqn") == 1


def solved_of(words: str) -> tuple[int, int]:
    """How many runs of how many a committed outcome says were solved."""
    found = re.match(r"(\d+) of (\d+) solved", words)
    return (int(found[1]), int(found[2])) if found else (0, 1)


@pytest.mark.parametrize("name", list(TASKS))
def test_what_was_taken_in_a_committed_search_had_most_runs_solved(name: str) -> None:
    table = CONF.parent / "results" / "searches" / f"{name}.csv"
    rows = list(csv.DictReader(table.read_text().splitlines()))
    for env, agent in {(row["env"], row["agent"]) for row in rows}:
        tried = [row for row in rows if (row["env"], row["agent"]) == (env, agent)]
        (taken,) = (row for row in tried if row["taken"] == "yes")
        solved, runs = solved_of(taken["second_round"])
        assert solved == max(solved_of(row["second_round"])[0] for row in tried), (env, agent)
        if solved < runs:
            alike = [row for row in tried if solved_of(row["second_round"])[0] == solved]
            before = [solved_of(row["first_round"])[0] for row in alike]
            assert solved_of(taken["first_round"])[0] == max(before), (env, agent)


def test_the_file_of_candidates_is_read_as_it_was_written(tmp_path: Path) -> None:
    both = found({"dqn": [outcome(3, 5), outcome(0.1, None), outcome(2, 4)]})
    counted = [replace(one, trials=27) for one in both.candidates["dqn"]]
    both = replace(both, candidates={"es": both.candidates["dqn"], "dqn": counted},
                   outcomes={"es": both.outcomes["dqn"], **both.outcomes})  # fmt: skip
    file = tmp_path / "classic.csv"
    file.write_text(as_csv(list(both.rows())))
    assert file.read_text().splitlines()[-1] == (
        'CartPole-v1,dqn,4,27,round one of 4,"2 of 2 solved, after 3.0 s of training on average",'
        "yes,n_step=5 learning_rate=0.0123"
    )
    again = read_candidates(file, "CartPole-v1", 5)
    assert again == both.candidates
    with pytest.raises(ConfigError, match=r"--first-round: got .*; takes a file with es on Acr"):
        read_candidates(file, "Acrobot-v1", 5)
    good = file.read_bytes()
    for bad in (b"env,agent\nCartPole-v1,es\n", b"\xff\xfe\x00", good.replace(b",4,", b",four,"),
                good.replace(b",27,", b",many,")):  # fmt: skip
        file.write_bytes(bad)
        with pytest.raises(ConfigError, match="takes a table with env, agent, trial, trials, fir"):
            read_candidates(file, "CartPole-v1", 5)


def test_found_settings_are_written_with_what_both_rounds_came_to(tmp_path: Path) -> None:
    this = found({"dqn": [outcome(3, 5), outcome(0.1, None), outcome(2, 4)]})
    place = write("classic", this, "dqn", tmp_path)
    assert place == tmp_path / "tuned" / "dqn" / "CartPole-v1.yaml"
    text = " ".join(line.lstrip("# ") for line in place.read_text().splitlines())
    assert "Round one: at most 40 trials and 6:00 of training" in text
    assert (
        "Taken: trial 4; round one: round one of 4; round two: 2 of 2 solved, after 3.0 s of "
        "training on average. Settings as they were, round two: 2 of 2 solved, after 4.0 s" in text
    )
    assert "Of the settings as they were" not in text  # what was said of them is no longer true
    # 8 of the first setting, 60.1 of the second, 6 of the third.
    assert "the settings as they were, 1:14," in text
    now = yaml.safe_load(place.read_text())["agent"]
    before = compose(["agent=dqn", "env=CartPole-v1"]).agent.params
    assert now.pop("n_step") == 5 and now.pop("learning_rate") == 0.0123
    assert len(now) > 5 and now == {key: before[key] for key in now}


def test_settings_that_stay_keep_what_was_said_of_them(tmp_path: Path) -> None:
    kept_ones = found({"dqn": [outcome(1, 1), outcome(3, 5), outcome(2, 4)]})
    text = write("classic", kept_ones, "dqn", tmp_path).read_text()
    told = " ".join(line.lstrip("# ") for line in text.splitlines())
    assert "Taken: trial 1;" in told
    assert "Of the settings as they were: Found by scripts/tune classic" in told
    assert text.count("@package") == 1
    counted = [replace(one, trials=27) for one in kept_ones.candidates["dqn"]]
    assert "Taken: trial 1 of 27;" in replace(kept_ones, candidates={"dqn": counted}).told("dqn")
    assert yaml.safe_load(text) == yaml.safe_load(
        (CONF / "tuned" / "dqn" / "CartPole-v1.yaml").read_text()
    )


@pytest.mark.slow
def test_both_rounds_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunings.tasks.TRIALS", 2)
    monkeypatch.setattr("tunings.tasks.SEEDS", (2000,))
    task = Task("CartPole-v1", 2, again=2)
    search("classic", [task], tmp_path, tmp_path / "conf", ())
    table = tmp_path / "results" / "searches" / "classic.csv"
    rows = table.read_text().splitlines()
    assert len(rows) == 1 + 2 * 2 and sum(",yes," in row for row in rows) == 2
    assert {row["trials"] for row in csv.DictReader(rows)} == {"2"}
    runs = sorted(path.name for path in (tmp_path / "second").rglob("seed*"))
    assert runs == ["seed2003"] * 4 + ["seed2004"] * 4
    for agent in ("es", "dqn"):
        file = tmp_path / "conf" / "tuned" / agent / "CartPole-v1.yaml"
        assert re.search(r"Taken: trial\s[\s#]*\d\s[\s#]*of[\s#]+2;", file.read_text())
        assert "hidden" in yaml.safe_load(file.read_text())["agent"]  # as found, or as it was
    # From the file, the first round is not made again, and the second one is there.
    other = "Acrobot-v1,es,1,,,,yes,as they were"
    table.write_text("\n".join([*rows, other, ""]))
    search("classic", [task], tmp_path, tmp_path / "conf", (), table)
    assert table.read_text().splitlines() == [rows[0], other, *rows[1:]]
