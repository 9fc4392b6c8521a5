"""Verdicts that somebody tries to cheat: what is caught, and with which words it is shown."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from rlbench.analysis.groups import group_runs
from rlbench.claims.conditions import AGENTS, DEFAULTS, EXECUTOR, is_listed, why_not
from rlbench.claims.examine import ExaminedClaim
from rlbench.cli.claims import examine_runs_below, main
from rlbench.cli.report import main as report
from rlbench.envs.catalogue import entries, find_spec, registration
from rlbench.published.levels import published_levels
from rlbench.runs.configuration import read_configuration
from rlbench.runs.load import load_runs
from rlbench.runs.reading import UnreadableFileError
from rlbench.settings import EnvSettings, EvalSettings, ExecutorSettings
from support.run_files import RunFiles

HUMANOID = "Humanoid-v5"
TASKS = ["HalfCheetah-v5", "Hopper-v5", "Swimmer-v5"]
SLOW = 100.0  # times of DQN over those of ES: supports a claim of 60
SPREAD = (0.8, 0.9, 1.0, 1.1, 1.2, 1.05, 0.95)


def write(root: Path, agent: str, env: str = HUMANOID, seeds: int = 5, **more: object) -> None:
    """Runs that are solved after about 10 s, of DQN after 100 times that."""
    levels = published_levels(env)
    level = 100.0 if levels is None else levels.threshold
    for seed in range(seeds):
        solved = 10.0 * SPREAD[seed] * (SLOW if agent == "dqn" else 1.0)
        asked: dict[str, object] = {
            "agent": agent, "env": env, "seed": seed, "threshold": level,
            "history": ((0.0, level - 100.0), (0.98 * solved, level - 50.0), (solved, level + 1.0)),
            "budget_train_s": 1e4,
        }  # fmt: skip
        RunFiles(**(asked | more)).write(root)  # type: ignore[arg-type]


def robotics(root: Path) -> ExaminedClaim:
    return examine_runs_below(root).claims[1]


def places(root: Path, agent: str) -> list[Path]:
    return sorted(path.parent for path in (root / agent).rglob("run.json"))


def change(place: Path, name: str, **values: object) -> None:
    """Replace keys of a JSON file of a run."""
    file = place / name
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


@pytest.fixture
def honest(tmp_path: Path) -> Path:
    for agent in ("es", "dqn"):
        write(tmp_path, agent)
    return tmp_path


def left_out(root: Path) -> str:
    """Why the only comparison is shown and does not decide."""
    found = robotics(root)
    assert found.verdict.outcome == "not testable here"
    (comparison,) = found.evidence.comparisons
    assert not comparison.counts and comparison.left_out in found.verdict.reason
    return comparison.left_out


def test_honest_runs_decide(honest: Path) -> None:
    found = robotics(honest)
    assert found.verdict.outcome == "supported"
    assert [c.left_out for c in found.evidence.comparisons] == [""]


# --- runs that are not what they seem -----------------------------------------------------------


def test_one_run_copied_under_other_seeds(honest: Path) -> None:
    first, *others = places(honest, "es")
    for place in others:
        shutil.copy(first / "log.jsonl", place)
        shutil.copy(first / "summary.json", place)
    assert left_out(honest) == "es: seeds 0 and 1 and 2 and 3 and 4 are the same run"


def test_one_seed_run_again_under_another(honest: Path) -> None:
    # Trained twice: other seconds, but row for row the same steps and returns.
    returns = (0.0, 55.0, 300.0, 1200.0, 2000.0, 6001.0)
    for seed, place in enumerate(places(honest, "es")[:2]):
        shutil.rmtree(place)
        times = [(1.0 + 0.01 * seed) * t for t in (0.0, 2.0, 4.0, 6.0, 8.0, 9.0)]
        RunFiles(
            agent="es", env=HUMANOID, seed=seed, threshold=6000.0, budget_train_s=1e4,
            history=tuple(zip(times, returns, strict=True)), steps_per_s=1000 / (1 + 0.01 * seed),
        ).write(honest)  # fmt: skip
    assert left_out(honest) == "es: seeds 0 and 1 are the same run"


@pytest.mark.parametrize(("level", "side"), [(5000.0, "below"), (6500.0, "above")])
def test_thresholds_other_than_the_published_one(tmp_path: Path, level: float, side: str) -> None:
    for agent in ("es", "dqn"):
        write(
            tmp_path, agent, threshold=level, history=((0.0, 0.0), (9.0, 10.0), (10.0, level + 1.0))
        )
    assert left_out(tmp_path) == f"solved at {level:g}, {side} the published level 6000"


@pytest.mark.parametrize("agent", ["es", "dqn"])
def test_a_seed_that_is_not_there(tmp_path: Path, agent: str) -> None:
    for each in ("es", "dqn"):
        write(tmp_path, each, seeds=6)
    shutil.rmtree(places(tmp_path, agent)[2])
    assert left_out(tmp_path) == f"{agent}: seed 2 is missing"


def test_seeds_picked_from_many(tmp_path: Path) -> None:
    for agent in ("es", "dqn"):
        write(tmp_path, agent)
    for place, seed in zip(places(tmp_path, "es"), (3, 17, 21, 40, 77), strict=True):
        change(place, "run.json", seed=seed)
    assert left_out(tmp_path) == "es: seed 0 is missing"


@pytest.mark.parametrize("status", ["interrupted", "failed", "unfinished"])
def test_runs_that_did_not_use_their_budget_up(honest: Path, status: str) -> None:
    for place in places(honest, "dqn")[3:]:
        shutil.rmtree(place)
    for seed in (3, 4):
        RunFiles(
            agent="dqn", env=HUMANOID, seed=seed, threshold=6000.0, budget_train_s=1e4,
            status=None if status == "unfinished" else status,  # type: ignore[arg-type]
            history=((0.0, 0.0), (400.0 + seed, 50.0)),
        ).write(honest)  # fmt: skip
    assert left_out(honest) == f"dqn, seed 3: {status}, so its budget was not used up"


def test_unsolved_runs_with_other_budgets(honest: Path) -> None:
    for place in places(honest, "dqn")[3:]:
        shutil.rmtree(place)
    for seed, budget in ((3, 500.0), (4, 2000.0)):
        RunFiles(
            agent="dqn", env=HUMANOID, seed=seed, threshold=6000.0, budget_train_s=budget,
            status="budget", history=((0.0, 0.0), (budget, 50.0)),
        ).write(honest)  # fmt: skip
    assert left_out(honest) == "unsolved runs had budgets of 500 and 2000 s"


def test_a_budget_so_short_that_one_agent_cannot_show_its_runs(honest: Path) -> None:
    for place in places(honest, "dqn")[4:]:
        shutil.rmtree(place)
    RunFiles(
        agent="dqn", env=HUMANOID, seed=4, threshold=6000.0, budget_train_s=500.0,
        status="budget", history=((0.0, 0.0), (500.0, 50.0)),
    ).write(honest)  # fmt: skip
    assert left_out(honest) == "solved runs had longer than the 500 s of those that were not"


def test_a_budget_in_steps_that_ends_runs_early(honest: Path) -> None:
    for place in places(honest, "dqn")[4:]:
        shutil.rmtree(place)
    RunFiles(
        agent="dqn", env=HUMANOID, seed=4, threshold=6000.0, budget_train_s=1e4,
        budget_env_steps=50_000, status="budget", history=((0.0, 0.0), (50.0, 50.0)),
    ).write(honest)  # fmt: skip
    assert left_out(honest) == "dqn, seed 4: unsolved after 50 of 10000 s"


# --- other conditions ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("env.kwargs", {"healthy_reward": 500}, "env.kwargs is {'healthy_reward': 500}, not {}"),
        ("env.max_episode_steps", 100_000, "env.max_episode_steps is 100000, not auto"),
        ("env.noop_max", 0, "env.noop_max is 0, not auto"),
        ("env.id", "mine:Humanoid-v5", "was made as mine:Humanoid-v5"),
        ("eval.episodes", 1, "eval.episodes is 1, not 20"),
        ("eval.episodes", True, "eval.episodes is True, not 20"),
        ("eval.confirmation_episodes", 1, "eval.confirmation_episodes is 1, not 100"),
        ("eval.max_episode_steps", 10, "eval.max_episode_steps is 10, not auto"),
        ("agent._target_", "mine.Slow", "its agent is mine.Slow"),
    ],
)
def test_settings_that_change_the_task(tmp_path: Path, key: str, value: object, words: str) -> None:
    for agent in ("es", "dqn"):
        write(tmp_path, agent, configuration={key: value})
    assert left_out(tmp_path) == f"dqn, seed 0: {words}"


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({"device": "gpu"}, "ran on gpu, beside the cores"),
        (
            {"argv": ["agent=dqn", "agent.learning_rate=1e-9"]},
            "its agent's settings are not those of the package (agent.learning_rate=1e-9)",
        ),
        (
            {"argv": ["--config-dir=/mine"]},
            "its agent's settings are not those of the package (--config-dir=/mine)",
        ),
        (
            {"registration": {"module": "mine", "kwargs": {}, "wrappers": []}},
            "its id is registered by mine",
        ),
        (
            {
                "registration": {
                    "module": "gymnasium.envs.mujoco.humanoid_v5", "kwargs": {},
                    "wrappers": ["Easier"], "max_episode_steps": 1000,
                }
            },
            "its id is registered with wrappers ['Easier']",
        ),
        (
            {
                "registration": {
                    "module": "gymnasium.envs.mujoco.humanoid_v5", "wrappers": [],
                    "kwargs": {"healthy_reward": 500}, "max_episode_steps": 1000,
                }
            },
            "its id is registered with kwargs {'healthy_reward': 500}",
        ),
    ],
)  # fmt: skip
def test_what_the_record_says(tmp_path: Path, header: dict[str, object], words: str) -> None:
    for agent in ("es", "dqn"):
        write(tmp_path, agent, header=header)
    assert left_out(tmp_path) == f"dqn, seed 0: {words}"


@pytest.mark.parametrize(
    ("header", "configuration", "words"),
    [
        ({"frame_skip": 2}, {}, "2 frames a step, not 4"),
        ({"frame_skip": 2}, {"env.kwargs": {"frameskip": 2}}, "2 frames a step, not 4"),
        ({}, {"env.kwargs": {"obs_type": "ram"}}, "env.kwargs is {'obs_type': 'ram'}, not {}"),
        (
            {"preprocessing": {"observations": "ram"}},
            {},
            "env.kwargs is {}, not {'obs_type': 'ram'}",
        ),
        (
            {"preprocessing": {"observations": "rgb"}},
            {"env.kwargs": {"obs_type": "rgb"}},
            "env.kwargs is {'obs_type': 'rgb'}, not {}",
        ),
        ({"preprocessing": {"sticky_actions": 0.0}}, {}, "sticky actions 0, not 0.25"),
        ({}, {"env.sticky_actions": 0.0}, "env.sticky_actions is 0.0, not auto"),
        (
            {
                "registration": {
                    "module": "ale_py.env",
                    "kwargs": {"game": "boxing", "frameskip": 4},
                }
            },
            {},
            "its id is registered with {'game': 'boxing', 'frameskip': 4}",
        ),
    ],
)
def test_games_under_other_conditions(
    tmp_path: Path, header: dict[str, object], configuration: dict[str, object], words: str
) -> None:
    for agent in ("es", "dqn"):
        write(tmp_path, agent, "ALE/Pong-v5", header=header, configuration=configuration)
    (comparison,) = examine_runs_below(tmp_path).claims[0].evidence.comparisons
    assert comparison.left_out == f"dqn, seed 0: {words}"


@pytest.mark.parametrize(
    ("header", "word"),
    [
        ({"fingerprint": "0123456789"}, "fingerprint"),  # another schedule of evaluations
        ({"preprocessing": {"observations": "ram"}}, "observations"),  # of the same fingerprint
        ({"cpu_model": "Slower CPU"}, "cpu"),
        ({"rlbench": "0.0.9"}, "version"),
        ({"cores": 1}, "cores"),
        ({"device": "gpu"}, "device"),
    ],
)
def test_agents_under_different_conditions_are_not_compared(
    tmp_path: Path, header: dict[str, object], word: str
) -> None:
    write(tmp_path, "es")
    write(tmp_path, "dqn", header=header)
    found = robotics(tmp_path)
    assert found.evidence.comparisons == (), word
    assert found.verdict.reason == (
        "1 MuJoCo task was run here, but on none can DQN and ES be compared under the same "
        "conditions."
    )


def test_mixed_versions_within_an_agent_are_two_groups(honest: Path) -> None:
    for place in places(honest, "dqn")[3:]:
        change(place, "run.json", rlbench="0.0.9")
    assert left_out(honest) == "3 of 5 seeds"


@pytest.mark.parametrize(
    ("contention", "words"),
    [
        ({"others_share": 0.4, "stolen_share": 0.0}, "other processes had 40% of the cores' time"),
        (
            {"others_share": 0.0, "stolen_share": 0.2},
            "other machines of the host had 20% of the cores' time",
        ),
    ],
)
def test_one_agent_on_a_busy_machine(
    honest: Path, contention: dict[str, float], words: str
) -> None:
    for place in places(honest, "dqn"):
        change(place, "summary.json", contention=contention)
    assert left_out(honest) == f"dqn, seed 0: {words}"


def test_jobs_side_by_side_on_a_busy_machine(tmp_path: Path) -> None:
    """Of two jobs with half the cores each, the other one explains half of the time and no more."""
    for agent in ("es", "dqn"):
        write(tmp_path, agent)
    each = places(tmp_path, "es") + places(tmp_path, "dqn")
    for place in each:
        change(place, "run.json", concurrent_jobs=2, cores=2, cpu_count=4)
        change(place, "summary.json", contention={"others_share": 0.52, "stolen_share": 0.0})
    assert robotics(tmp_path).verdict.outcome == "supported"
    for place in each:
        change(place, "summary.json", contention={"others_share": 0.95, "stolen_share": 0.0})
    assert "other processes had 45% of the cores' time" in left_out(tmp_path)
    for place in each:
        change(place, "run.json", concurrent_jobs=10**6)  # more than the machine has room for
    assert "other processes had 95% of the cores' time" in left_out(tmp_path)


@pytest.mark.parametrize("jobs", [2, 32])
def test_what_jobs_side_by_side_used_is_measured(tmp_path: Path, jobs: int) -> None:
    """However many fill the machine, what came between them is seen."""
    for agent in ("es", "dqn"):
        write(tmp_path, agent)
    each = places(tmp_path, "es") + places(tmp_path, "dqn")
    used = {"others_share": 0.97, "stolen_share": 0.0}
    for place in each:
        change(place, "run.json", concurrent_jobs=jobs, cores=1, cpu_count=32)
        change(place, "summary.json", contention=used | {"siblings_share": 0.93})
    assert robotics(tmp_path).verdict.outcome == "supported"
    for place in each:
        change(place, "summary.json", contention=used | {"siblings_share": 0.77})
    assert "other processes had 20% of the cores' time" in left_out(tmp_path)


@pytest.mark.parametrize("contention", [None, {"others_share": 1.5, "stolen_share": 0.0}])
def test_a_machine_of_which_nothing_is_known(honest: Path, contention: object) -> None:
    for place in places(honest, "dqn"):
        change(place, "summary.json", contention=contention)
    why = "how much of the cores' time others had is not known"
    assert left_out(honest) == f"dqn, seed 0: {why}"


def test_one_agent_with_others_beside_it(tmp_path: Path) -> None:
    write(tmp_path, "es")
    write(tmp_path, "dqn", header={"concurrent_jobs": 2})
    assert left_out(tmp_path) == "runs differ in how many others ran beside them"


@pytest.mark.parametrize(
    "env", ["Humanoid-v4", "HumanoidStandup-v5", "Ant-v5", "Reacher-v5", "Pusher-v5"]
)
def test_tasks_that_are_not_listed(tmp_path: Path, env: str) -> None:
    for agent in ("es", "dqn"):
        write(tmp_path, agent, env)
    assert left_out(tmp_path) == f"{env} is none of the paper's tasks in its current version"


def test_a_variant_under_other_conditions_does_not_displace_one_that_may_decide(
    honest: Path,
) -> None:
    # More seeds, and easier: it is not taken instead.
    for agent in ("es", "dqn"):
        write(
            honest, agent, seeds=7, configuration={"eval.episodes": 1},
            header={"setup": f"{agent}easy", "fingerprint": "easy"},
        )  # fmt: skip
    found = robotics(honest)
    assert found.verdict.outcome == "supported"
    assert len(found.evidence.comparisons[0].baseline.runs) == 5


def test_es_held_to_one_of_its_cores(honest: Path) -> None:
    for place in places(honest, "es"):
        file = place / "config.yaml"
        file.write_text(file.read_text().replace("executor: auto", "executor: serial"))
    assert left_out(honest) == "es, seed 0: executor is serial, not auto"


def test_config_yaml_is_a_strangers_file(honest: Path) -> None:
    place = places(honest, "dqn")[0] / "config.yaml"
    content = yaml.safe_load(place.read_text())
    for text, words in (
        ("!!python/object/apply:os.system ['true']", "is not YAML of plain values"),
        ("a: &a [1]\nb: *a\n", "has references, which rlbench does not write"),
        ("[" * 5000, "is not YAML of plain values"),
        ("- " * 101 + "1", "is not YAML of plain values"),
        ("- " * 100 + "1", "is not a mapping"),
        ("- 1", "is not a mapping"),
        ("x" * 70_000, "is larger than 0.064 MB"),
    ):
        place.write_text(text)
        with pytest.raises(UnreadableFileError, match=words):
            read_configuration(place.parent)
    assert left_out(honest) == f"dqn, seed 0: config.yaml {words}"
    place.unlink()
    with pytest.raises(UnreadableFileError, match="is missing"):
        read_configuration(place.parent)
    place.write_text(yaml.safe_dump(content | {"env": 3}))
    assert left_out(honest) == "dqn, seed 0: was made as None"


def test_names_in_files_cannot_move_the_cursor(tmp_path: Path) -> None:
    for agent in ("es", "dqn"):
        write(tmp_path, agent, configuration={"agent._target_": "\x1b[2Jmine" + "x" * 500})
    reason = left_out(tmp_path)
    assert "\x1b" not in reason and len(reason) < 120


# --- the rule's table against what it stands for ------------------------------------------------


def test_the_default_conditions_are_those_of_the_settings() -> None:
    settings = {"env": EnvSettings(id="x").model_dump(), "eval": EvalSettings().model_dump()}
    assert ExecutorSettings().model_dump() == EXECUTOR
    for part, defaults in DEFAULTS.items():
        assert {key: settings[part][key] for key in defaults} == defaults
    assert set(AGENTS) == {"dqn", "es", "sb3-A2C", "sb3-TRPO"}


def test_the_listed_ids_are_registered_as_the_rule_expects(tmp_path: Path) -> None:
    listed = [entry.id for entry in entries() if is_listed(entry.id)]
    assert sum(env.startswith("ALE/") for env in listed) == 51
    assert [env for env in listed if not env.startswith("ALE/")] == [
        "HalfCheetah-v5", "Hopper-v5", "Humanoid-v5", "InvertedDoublePendulum-v5",
        "InvertedPendulum-v5", "Swimmer-v5", "Walker2d-v5",
    ]  # fmt: skip
    for env in listed:
        for agent in ("es", "dqn"):
            header = {"registration": registration(find_spec(env))}
            write(tmp_path, agent, env, header=header)
    found = group_runs(load_runs(tmp_path).runs)
    assert {environment.env for environment in found} == set(listed)
    for environment in found:
        assert why_not(environment.named("dqn"), environment.named("es")) == ""


# --- sets of runs of every kind get a sentence --------------------------------------------------


def at_start(root: Path, agent: str, env: str) -> None:
    """Runs that are solved before any training."""
    levels = published_levels(env)
    assert levels is not None
    for seed in range(5):
        RunFiles(
            agent=agent, env=env, seed=seed, threshold=levels.threshold, budget_train_s=1e4,
            history=((0.0, levels.threshold + 1.0),),
        ).write(root)  # fmt: skip


@pytest.mark.usefixtures("blank_figures")
@pytest.mark.parametrize("first", [("dqn",), ("es",), ("es", "dqn")])
def test_runs_that_are_solved_before_any_training(
    tmp_path: Path, first: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    for env in (TASKS[0], "ALE/Tennis-v5"):
        for agent in ("es", "dqn"):
            if agent in first:
                at_start(tmp_path, agent, env)
            else:
                write(tmp_path, agent, env)
    assert main([str(tmp_path)]) == 0
    assert report([str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "Verdict: " in printed
    if first == ("es", "dqn"):
        assert "both were solved before any training" in printed


@pytest.mark.parametrize("agents", [("es",), ("dqn",), ()])
@pytest.mark.parametrize("seeds", [1, 5])
def test_sets_with_one_agent_or_none(
    tmp_path: Path, agents: tuple[str, ...], seeds: int, capsys: pytest.CaptureFixture[str]
) -> None:
    for agent in agents:
        for env in TASKS:
            write(tmp_path, agent, env, seeds)
    assert main([str(tmp_path)]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    what = "3 MuJoCo tasks were run here, but on none can" if agents else "No MuJoCo task was run"
    assert what in printed


def test_one_seed_of_each_is_shown_and_decides_nothing(tmp_path: Path) -> None:
    for agent in ("es", "dqn"):
        write(tmp_path, agent, seeds=1)
    assert left_out(tmp_path) == "1 of 5 seeds"
