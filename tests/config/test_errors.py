"""What is said of words and files that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest
from hydra.errors import MissingConfigException

from rlbench.config.errors import Keys, explain
from rlbench.config.folders import conf_dir, passed_over
from rlbench.extras import install_command


@pytest.mark.parametrize(
    ("launcher", "extra"),
    [("submitit_slurm", "slurm"), ("submitit_local", "slurm"), ("ray", "ray-sweeps")],
)
def test_a_launcher_that_is_not_installed_names_what_installs_it(launcher: str, extra: str) -> None:
    options = ["basic", "rlbench"]
    missing = MissingConfigException("?", f"hydra/launcher/{launcher}", options)
    assert str(explain(missing, (), Keys)) == (
        f"hydra/launcher: got {launcher!r}; takes basic or rlbench; "
        f"{launcher} needs `{install_command(extra)}`"
    )


def test_a_file_with_the_name_of_one_of_rlbenchs_is_found_to_be_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("tuned/es/CartPole-v1.yaml", "tuned/es/Mine-v0.yaml", "agent/es.yaml"):
        (tmp_path / "conf" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "conf" / name).touch()
    folder = Path("conf").resolve()
    assert passed_over(folder) == ["conf/agent/es.yaml"]  # what is tuned there is used
    assert passed_over(conf_dir()) == []
