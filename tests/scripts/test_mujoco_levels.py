"""The table of docs/reproduced.md is the one that the committed runs give."""

import csv
from pathlib import Path

import mujoco_levels

DOCS = Path(__file__).parents[2] / "docs"


def test_the_table_in_the_docs_is_that_of_the_committed_runs():
    text = (DOCS / "reproduced.md").read_text()
    assert "\n".join(mujoco_levels.lines(mujoco_levels.REPORT)) in text


def test_steps_are_means_where_all_runs_got_there(tmp_path):
    columns = ["env", "agent", "level", "unit", "n_runs", "n_reached", "restricted_mean"]
    with (tmp_path / "time_to_threshold.csv").open("w") as file:
        table = csv.writer(file)
        table.writerow(columns)
        table.writerow(["Swimmer-v5", "es", "41.97", "train_s", 3, 3, 7.5])
        table.writerow(["Swimmer-v5", "es", "41.97", "env_steps", 3, 3, 612345])
        table.writerow(["Swimmer-v5", "dqn", "41.97", "env_steps", 3, 2, 800000])
        table.writerow(["Swimmer-v5", "es", "70.73", "env_steps", 3, 3, 52345])
    head, rule, *rows = mujoco_levels.lines(tmp_path)
    assert head.count("|") == rule.count("|") == 8
    assert rows == [
        "| Swimmer | 25 % | 42 | 1.04 M | 0.588 M | 0.612 M | 2 of 3 runs |",
        "| Swimmer | 50 % | 71 | 1.82 M | 0.852 M | 0.052 M |  |",
    ]
