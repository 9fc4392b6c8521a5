"""Random command lines: whatever is asked for, an answer or one line, and nothing is written.

Nothing is trained. `RLBENCH_FUZZ=5000` tries so many of them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rlbench.cli.main import main

EXAMPLES = int(os.environ.get("RLBENCH_FUZZ", "25"))
KEYS = [
    "agent", "env", "experiment", "seed", "cores", "device", "executor", "budget",
    "budget.train_seconds", "budget.env_steps", "stop_at_threshold", "eval.episodes",
    "eval.first_steps", "eval.growth", "eval.gap_per_step", "eval", "env.kwargs", "env.threshold",
    "env.levels", "env.max_episode_steps", "env.noop_max", "results_dir", "overwrite", "logger",
    "checkpoint", "hydra.mode", "hydra.launcher", "hydra/launcher", "hydra.run.dir", "hydra",
    "hydra.searchpath", "agent.name", "agent._target_", "agent.hidden", "agent.population",
    "agent.sigma", "agent.num_lanes", "agent.network", "agent.batch_size", "agent.bins", "nonsense",
]  # fmt: skip
VALUES = [
    "", "null", "true", "0", "-1", "1e400", "nan", "inf", "1e11", "99999999999999999999999", "auto",
    "[]", "[1]", "[a,b]", "{}", "{a:1}", "a=b", "a#b", "a,b", "'quoted'", "${seed}", "${nope}",
    "${seed", "range(0,3)", "choice(1,2)", "glob(*)", "~", "../..", "x" * 300, "é", "\\", "es",
    "dqn", "random", "nature", "CartPole-v1", "Pendulum-v1", "Pong-v4", "MULTIRUN", "basic",
]  # fmt: skip
FLAGS = ["-m", "--cfg", "--config-dir", "--config-name", "--package", "--nonsense", "--resolve",
         "-x", "--", "=", "report", "~seed", "+", "++seed=1"]  # fmt: skip

assigned = st.builds(
    lambda sign, key, value: f"{sign}{key}={value}",
    st.sampled_from(["", "", "", "+", "++", "~"]),
    st.sampled_from(KEYS),
    st.one_of(
        st.sampled_from(VALUES),
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12),
        st.floats().map(str),
    ),
)
words = st.lists(st.one_of(assigned, assigned, assigned, st.sampled_from(FLAGS)), max_size=4)


@pytest.mark.timeout(120 + 2 * EXAMPLES)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES <= 100,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(asked=words)
@example(asked=["--config-name", "seed=", "-m", "seed="])  # a flag's value that is a word as well
def test_a_random_command_line_is_answered_or_refused_in_one_line(
    asked: Sequence[str],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    try:
        status = main([*asked, "dry_run=quick"])
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    captured = capsys.readouterr()
    assert list(tmp_path.iterdir()) == []
    assert "Traceback" not in captured.err + captured.out
    assert status in (0, 1, 2)
    if status == 2 and "report" not in asked:
        assert captured.err.count("\n") == 1, captured.err
