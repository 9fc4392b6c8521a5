"""The files of template/cluster, which `rlbench init` writes, as Ray's own code takes them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from rlbench.config.folders import template_dir

CLUSTER = template_dir() / "cluster"
FILES = sorted(CLUSTER.glob("*.yaml"))
SCRIPTS = sorted(CLUSTER.glob("*.sh"))


def prepared(path: Path, **changes: Any) -> dict[str, Any]:
    """A cluster file as `ray up` has it once it has added its defaults and checked it."""
    pytest.importorskip("ray")
    from ray.autoscaler._private.util import prepare_config, validate_config

    config = prepare_config({**yaml.safe_load(path.read_text()), **changes})
    validate_config(config)
    return dict(config)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_rays_schema_takes_it(path: Path) -> None:
    config = prepared(path)
    kinds = {"aws": "aws", "azure": "azure", "on_premise": "local"}
    assert config["provider"]["type"] == kinds[path.stem]
    workers = [kind["min_workers"] for kind in config["available_node_types"].values()]
    assert max(workers) == config["max_workers"]  # a number that does not change while runs go on
    starts = [*config["head_start_ray_commands"], *config["worker_start_ray_commands"]]
    assert sum("--address=$RAY_HEAD_IP:6379" in command for command in starts) == 1
    assert sum("--head --port=6379" in command for command in starts) == 1
    assert sum("RAY_worker_niceness=0 ~/" in command for command in starts) == 2


def test_rays_schema_refuses_a_key_that_it_does_not_know() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    with pytest.raises(jsonschema.ValidationError, match="workres"):
        prepared(CLUSTER / "azure.yaml", workres=3)


def test_the_machines_of_azure_have_what_its_template_asks_for() -> None:
    config = prepared(CLUSTER / "azure.yaml")
    kinds = config["available_node_types"]
    machines = [kind["node_config"]["azure_arm_parameters"] for kind in kinds.values()]
    assert machines[0] == machines[1]
    assert {*machines[0]} == {"vmSize", "imagePublisher", "imageOffer", "imageSku", "imageVersion"}
    assert [kind["resources"]["CPU"] for kind in kinds.values()] == [16, 16]
    assert "D16as" in machines[0]["vmSize"]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_of_slurm_is_one_that_bash_reads(path: Path) -> None:
    subprocess.run(["bash", "-n", str(path)], check=True)
    text = path.read_text()
    assert "--signal=B:USR1@" in text and "trap 'scontrol requeue \"$SLURM_JOB_ID\"' USR1" in text
    assert 'rlbench "$@"' in text


def test_there_is_one_for_each_kind_of_place() -> None:
    assert [path.stem for path in FILES] == ["aws", "azure", "on_premise"]
    assert [path.stem for path in SCRIPTS] == ["slurm_ray", "slurm_run"]
