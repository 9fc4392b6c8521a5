"""Runs on a Ray cluster of several nodes, all of them on this machine."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from rlbench.agents.dqn.agent import DQN
from rlbench.agents.es.population import evaluate_blocks
from rlbench.checking import check
from rlbench.config.compose import compose
from rlbench.envs.make import plan_env
from rlbench.envs.single import SingleEnvs
from rlbench.errors import ConfigError, RunError
from rlbench.executors.process import ProcessExecutor
from rlbench.executors.ray import RayExecutor
from rlbench.executors.ray_cluster import connect
from rlbench.harness.dry_run import estimate
from rlbench.harness.experiment import run
from rlbench.harness.plan import name_run, plan_run
from rlbench.harness.resources import Resources
from rlbench.interfaces import Worker
from rlbench.runs import checkpoint
from rlbench.settings import EnvSettings, Settings
from support.agents import SMALL_DQN
from support.states import assert_same

pytest.importorskip("ray")
COUNTING, FAULTY = "probe_envs:Counting-v0", "probe_envs:Faulty-v0"
NODES = 3  # of one CPU


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    for _ in range(NODES - 1):
        made.add_node(num_cpus=1)
    yield made
    made.shutdown()


def settings(tmp_path: Path, *more: str) -> Settings:
    small = ["agent.population=32", "agent.block_members=4", "agent.hidden=[8]"]
    words = ["agent=es", f"env={COUNTING}", f"results_dir={tmp_path}", "cores=1"]
    ends = ["budget.env_steps=3000", "env.threshold=99", "eval.episodes=4"]
    return compose([*words, *small, *ends, *more])


def on(cluster: Any, workers: int | str) -> list[str]:
    address = f"executor.address='{cluster.address}'"
    return ["executor=ray", address, f"executor.workers={workers}"]


def finish(asked: Settings) -> tuple[dict[str, Any], list[dict[str, Any]], Any]:
    """Run to the end: run.json, the rows of training and evaluation, and what was learned."""
    assert run(asked) == 0
    place = name_run(asked).directory
    rows = [json.loads(line) for line in (place / "log.jsonl").read_text().splitlines()]
    state = checkpoint.load(place / "checkpoint")
    assert state is not None
    header = json.loads((place / "run.json").read_text())
    return header, [row for row in rows if row["kind"] in ("train", "eval")], state["agent"]


def without_times(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    left_out = ("_s", "_bytes", "lost_env_steps", "seq")  # a longer run is saved more often
    return [{k: v for k, v in row.items() if not k.endswith(left_out)} for row in rows]


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    _, rows, learned = finish(settings(tmp_path_factory.mktemp("serial"), "executor=serial"))
    return without_times(rows), learned


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_any_number_of_workers_learns_the_same_as_one_process(
    cluster: Any, serial: tuple[Any, Any], tmp_path: Path, workers: int
) -> None:
    header, rows, learned = finish(settings(tmp_path, *on(cluster, workers)))
    assert without_times(rows) == serial[0]
    assert_same(learned, serial[1])
    assert (header["executor"], header["workers"], header["cores"]) == ("ray", workers, workers)


def test_by_default_there_is_a_worker_for_each_cpu_of_the_cluster(
    cluster: Any, tmp_path: Path
) -> None:
    plan = plan_run(settings(tmp_path, *on(cluster, "auto")))
    assert (plan.workers, plan.cores, plan.address) == (NODES, NODES, cluster.address)
    assert f"cores       {NODES} (ray, {NODES} workers)" in estimate(plan, measure=False)
    local = plan_run(settings(tmp_path, "executor=ray", "executor.workers=5"))
    assert (local.workers, local.cores, local.address) == (5, 1, None)


def test_the_learner_of_dqn_has_a_core_beside_the_workers(cluster: Any, tmp_path: Path) -> None:
    def cores(workers: int | str, *more: str) -> tuple[int, int]:
        words = ["agent=dqn", f"env={COUNTING}", f"results_dir={tmp_path}", "cores=1"]
        plan = plan_run(compose([*words, *more, *on(cluster, workers)]))
        return plan.workers, plan.cores

    assert cores("auto", "agent.actors=4") == (NODES - 1, NODES)
    assert cores(2, "agent.actors=4") == (2, 3)
    assert cores("auto") == (1, 1)  # it acts in its own process


def test_more_workers_than_cpus_is_an_error(cluster: Any, tmp_path: Path) -> None:
    asked = settings(tmp_path, *on(cluster, NODES + 1))
    with pytest.raises(ConfigError, match=r"executor\.workers: got 4; takes 1 to 3, the CPUs of"):
        run(asked)
    assert list(tmp_path.iterdir()) == []


def test_no_cluster_at_an_address_is_an_error(tmp_path: Path) -> None:
    asked = settings(tmp_path, "executor=ray", "executor.address='127.0.0.1:1'")
    with pytest.raises(ConfigError, match=r"executor\.address: got '127\.0\.0\.1:1'; takes the ad"):
        run(asked)
    assert list(tmp_path.iterdir()) == []


def test_messages_grow_with_the_population_and_not_with_the_parameters(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of networks whose vectors stay with the workers; here that are smaller ones than usual."""
    monkeypatch.setattr("rlbench.executors.ray.PASSED_ON_FROM_BYTES", 2**22)

    def sent_and_received(population: int, hidden: int) -> tuple[float, float]:
        """A generation."""
        words = [f"agent.population={population}", f"agent.hidden=[{hidden},{hidden}]"]
        ends = ["budget.env_steps=2000", "eval.first_steps=2000"]
        _, rows, _ = finish(settings(tmp_path, *words, *ends, *on(cluster, 2)))
        row = next(row for row in rows if row["kind"] == "train")
        generations = row["scalars"]["generation"]
        return row["sent_bytes"] / generations, row["received_bytes"] / generations

    parameters = {hidden: hidden**2 + 7 * hidden + 2 for hidden in (256, 512)}
    few, many, large = (sent_and_received(*of) for of in ((64, 256), (128, 256), (128, 512)))
    for direction, parameters_sent in enumerate(
        (3, 1)
    ):  # to two nodes, and the sum that goes round
        of_members = many[direction] - few[direction]
        assert 0 < of_members < 64 * 200
        of_parameters = large[direction] - many[direction]
        expected = 4 * parameters_sent * (parameters[512] - parameters[256])
        assert expected <= of_parameters < 1.1 * expected


def play_on(worker: Worker, shared: Any, task: int) -> None:
    lanes, lane = worker.lanes(1), np.array([0])
    lanes.reset(lane, lane)
    for _ in range(100):
        lanes.step(lane, lane)


def test_an_environment_that_does_not_answer_is_named(cluster: Any) -> None:
    builder = SingleEnvs(FAULTY, {"fault": "hang", "after": 3})
    plan = replace(plan_env(EnvSettings(id=COUNTING)), builder=builder, step_timeout_s=0.5)
    executor = RayExecutor(plan, 1, cluster.address)
    try:
        with pytest.raises(RunError) as raised:
            list(executor.map(play_on, [0]))
        assert str(raised.value) == (
            f"environment {COUNTING} has not answered for 0.5 s (env.step_timeout_s): "
            "a step, a reset or its constructor does not return"
        )
    finally:
        executor.close()


def process_id(worker: Worker, shared: Any, task: int) -> int:
    return os.getpid()


@pytest.mark.parametrize("how", ["closed", "killed"])
def test_the_process_of_an_actor_ends_with_it(cluster: Any, how: str) -> None:
    executor = RayExecutor(plan_env(EnvSettings(id=COUNTING)), 1, cluster.address)
    try:
        (child,) = map(psutil.Process, executor.map(process_id, [0]))
        actor = child.parent()
        assert actor is not None
        if how == "killed":
            (worker,) = executor._costs
            executor._ray.kill(worker)
            assert list(executor.map(process_id, [0])) != [child.pid]  # by another one
    finally:
        executor.close()
    assert psutil.wait_procs([child, actor], timeout=30)[1] == []


def interrupted() -> bool:
    raise KeyboardInterrupt


def test_the_busy_process_of_an_actor_ends_with_it(cluster: Any) -> None:
    executor = RayExecutor(plan_env(EnvSettings(id=COUNTING)), 1, cluster.address)
    (child,) = map(psutil.Process, executor.map(process_id, [0]))
    with pytest.raises(KeyboardInterrupt):
        next(executor.map(play_without_end, [0], None, interrupted))
    executor.close()
    assert psutil.wait_procs([child], timeout=30)[1] == []


def play_without_end(worker: Worker, shared: Any, task: int) -> None:
    while True:
        play_on(worker, shared, task)


def test_a_connection_leaves_the_handlers_of_signals_alone(cluster: Any) -> None:
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with connect(cluster.address, 1) as found:
        assert found.cpus == NODES
        assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == handlers
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == handlers


def test_the_environment_variable_is_an_address(
    cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", cluster.address)
    assert RayExecutor.address(None) == cluster.address
    assert RayExecutor.address("other:1") == "other:1"
    monkeypatch.delenv("RAY_ADDRESS")
    assert RayExecutor.address(None) is None
    assert os.environ.get("RAY_ADDRESS") is None


@pytest.mark.parametrize("kind", [RayExecutor, ProcessExecutor])
def test_a_worker_killed_in_every_generation_changes_nothing(
    cluster: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[RayExecutor] | type[ProcessExecutor],
) -> None:
    share, send, killed = kind._share, kind._send, []
    doomed = []  # calls of `map` in which a worker is still to be killed

    def share_and_doom(self: Any, fn: Any, shared: Any) -> Any:
        call = share(self, fn, shared)
        if fn is evaluate_blocks:
            doomed.append(call)
        return call

    def send_and_kill(self: Any, worker: Any, call: Any, task: Any) -> None:
        send(self, worker, call, task)
        if call in doomed:
            doomed.remove(call)
            killed.append(worker)
            if kind is RayExecutor:
                self._ray.kill(worker)
            else:
                worker.process.kill()

    monkeypatch.setattr(kind, "_share", share_and_doom)
    monkeypatch.setattr(kind, "_send", send_and_kill)
    words = on(cluster, 2) if kind is RayExecutor else ["executor=process", "executor.workers=2"]
    short = "budget.env_steps=900"
    _, expected, serial = finish(settings(tmp_path, "executor=serial", short))
    _, rows, learned = finish(settings(tmp_path, *words, short))
    assert without_times(rows) == without_times(expected)
    assert_same(learned, serial)
    assert len(killed) == learned["generation"] == 3
    assert rows[-1]["lost_env_steps"] > 0


def lose(cluster: Any, doomed: Any, executor: RayExecutor) -> None:
    """Remove a node. Its worker outlives it by some tenths of a second, which may be all that is
    left of a run."""
    cluster.remove_node(doomed, allow_graceful=False)
    (worker,) = [each for each, node in executor._nodes.items() if node == doomed.node_id]
    with pytest.raises(executor._ray.exceptions.RayError):
        while True:
            executor._ray.get(worker.come_up.remote())


def test_a_node_that_goes_away_in_the_middle_changes_nothing(
    cluster: Any,
    serial: tuple[Any, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    doomed = cluster.add_node(num_cpus=1)
    asked = settings(tmp_path, *on(cluster, NODES + 1))
    send, sent = RayExecutor._send, []

    def send_or_lose_a_node(self: RayExecutor, worker: Any, *arguments: Any) -> None:
        send(self, worker, *arguments)
        sent.append(worker)
        if len(sent) > 40 and self._nodes[worker] == doomed.node_id and doomed in nodes:
            nodes.remove(doomed)
            lose(cluster, doomed, self)

    nodes = {doomed}
    monkeypatch.setattr(RayExecutor, "_send", send_or_lose_a_node)
    _, rows, learned = finish(asked)
    assert not nodes and len(sent) > 60
    assert capsys.readouterr().out.count(f"note: a Ray worker of environment {COUNTING} was") == 1
    assert without_times(rows) == serial[0]
    assert_same(learned, serial[1])


def test_actors_of_a_node_that_goes_away_play_on_elsewhere(cluster: Any) -> None:
    doomed, plan = cluster.add_node(num_cpus=1), plan_env(EnvSettings(id=COUNTING))
    settings = check(DQN.Settings, {**SMALL_DQN, "actors": 4, "n_step": 2}, "agent")
    spread = Resources(plan, executor="ray", workers=NODES + 1, address=cluster.address)
    agents = [DQN(each.context(0), settings) for each in (Resources(plan), spread)]
    for steps in (96, 104):
        for agent in agents:
            agent.advance(steps)
        if steps == 96:
            assert isinstance(spread._executor, RayExecutor)
            lose(cluster, doomed, spread._executor)
    assert_same(agents[1].get_state(), agents[0].get_state())
    assert spread.counts().env_steps == 200 and len(spread.losses()) == 1
    for agent in agents:
        agent.close()
    spread.close()
