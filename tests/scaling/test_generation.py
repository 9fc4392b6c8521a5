"""A generation of ES on N workers, against cases worked by hand."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from rlbench.scaling.generation import PROTOCOLS, Plan, Protocol, generation, played_s
from rlbench.scaling.hardware import Hardware

pytest.importorskip("simpy", reason="rlbench[scale] is not installed")

FREE = Hardware(
    cores_per_machine=2, latency_s=0.0, bandwidth_bytes_s=math.inf, message_s=0.0,
    copied_bytes_s=math.inf, large_copied_bytes_s=math.inf, weighed_s=0.0, added_s=0.0,
)  # fmt: skip
TASKS = np.array([3.0, 1.0, 2.0, 2.0])


def plan(
    workers: int,
    hardware: Hardware = FREE,
    protocol: Protocol = "central",
    parameters: int = 100,
    blocks: int = 4,
) -> Plan:
    return Plan(workers, parameters, 2, blocks, protocol, hardware)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_one_worker_takes_the_sum(protocol: Protocol) -> None:
    # 100 parameters: 2 pairs of 1 ms each are weighed, and a vector of 2 ms each is added.
    hardware = dataclasses.replace(FREE, weighed_s=1e-3, added_s=2e-3)
    found = generation(TASKS, plan(1, hardware, protocol))
    assert found.update_s == pytest.approx(100 * (2 * 1e-3 + 2e-3))
    assert found.total_s == pytest.approx(8.0 + 0.4)
    lost = found.idle_s + found.straggler_s + found.network_s
    assert (found.even_s, lost) == (8.0, pytest.approx(0.0, abs=1e-12))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_with_a_free_network_many_workers_take_the_longest_task(protocol: Protocol) -> None:
    found = generation(TASKS, plan(1000, protocol=protocol))
    assert found.total_s == 3.0
    assert found.even_s == pytest.approx(0.008)
    assert found.idle_s == pytest.approx(8 / 4 - 0.008)  # four tasks keep four workers busy
    assert found.straggler_s == pytest.approx(1.0)


def test_cores_that_slow_each_other_down() -> None:
    machine = Hardware(cores_per_machine=3, crowded=1.5)
    assert [machine.slowed(busy) for busy in (0.5, 1, 2, 3, 9)] == [1.0, 1.0, 1.25, 1.5, 1.5]
    found = generation(TASKS, plan(2, dataclasses.replace(FREE, crowded=1.2)))
    assert (found.total_s, found.even_s) == (pytest.approx(6.0), 4.0)  # not 5
    assert found.crowded_s == pytest.approx(0.8)
    assert generation(TASKS, plan(1, dataclasses.replace(FREE, crowded=1.2))).total_s == 8.0


def test_tasks_go_to_the_worker_that_is_free_first() -> None:
    # The first has 3; the second 1, then 2; at 3 both are free, and one of them has the last 2.
    assert played_s(TASKS, 2) == 5.0
    assert generation(TASKS, plan(2)).total_s == 5.0


@pytest.mark.parametrize("workers", [1, 2, 4, 8])
def test_equal_tasks_are_perfectly_efficient_up_to_their_number(workers: int) -> None:
    found = generation(np.full(8, 0.5), plan(workers))
    assert found.total_s == pytest.approx(4.0 / workers)


def test_more_workers_than_tasks_are_idle() -> None:
    found = generation(np.full(8, 0.5), plan(16))
    assert (found.total_s, found.even_s, found.idle_s) == (0.5, 0.25, 0.25)


def test_what_is_serial_bounds_the_speed_up_as_amdahl_says() -> None:
    # The relay's master rebuilds the gradient alone: 100 x (2 + 1) x 1 ms of each generation.
    hardware = dataclasses.replace(FREE, weighed_s=1e-3, added_s=1e-3)
    tasks = np.full(64, 0.1)
    alone = generation(tasks, plan(1, hardware, "relay")).total_s
    serial = 0.3
    for workers in (2, 16, 64):
        total = generation(tasks, plan(workers, hardware, "relay")).total_s
        assert alone / total == pytest.approx(1 / (serial / alone + (6.4 / alone) / workers))


def test_the_master_handles_one_message_at_a_time() -> None:
    # Two workers of one task each, no update: parameters out one after the other, at 1 s a message;
    hardware = dataclasses.replace(FREE, message_s=1.0)
    found = generation(np.array([10.0, 10.0]), plan(2, hardware))
    # out 1, 2; in 12, 13; weights out 14, 15; vectors in: asked for at 14 and 15, served 16, 17.
    assert found.total_s == 17.0
    assert found.network_s == pytest.approx(7.0)


def test_a_machine_further_away_costs_link_and_latency() -> None:
    # One core a machine, so the second worker is remote. Vectors have 400 bytes, at 400 bytes/s.
    hardware = dataclasses.replace(
        FREE, cores_per_machine=1, latency_s=0.25, bandwidth_bytes_s=400.0
    )
    found = generation(np.array([10.0, 10.0]), plan(2, hardware, blocks=2))
    parameters, results = 1.25, 100 * 2 / 400 + 0.25  # two members' results
    weights, vector = 408 / 400 + 0.25, 1.25
    assert found.total_s == pytest.approx(10 + parameters + results + weights + vector)


def test_a_tree_goes_through_as_many_levels_as_machines_double() -> None:
    hardware = dataclasses.replace(FREE, cores_per_machine=1, latency_s=0.25)
    found = generation(np.full(8, 1.0), plan(8, hardware, "tree"))
    assert found.total_s == pytest.approx(1.0 + 2 * 3 * 0.25)  # log2(8) hops down, as many up


MANY = 2**22  # parameters: vectors of so many stay with the workers


def test_a_chain_sends_each_machine_the_parameters_once_and_passes_the_sum_on() -> None:
    # Two machines of two cores. A vector is 1 s on a link, a piece of it 1/8 s.
    hardware = dataclasses.replace(FREE, latency_s=0.25, bandwidth_bytes_s=4.0 * MANY)
    found = generation(np.full(4, 10.0), plan(4, hardware, "chain", MANY))
    to_the_other, answers = 1 + 0.25, 0.25
    the_sum = (0.25 + 1 / 8) + 7 * (0.25 + 1 / 8)  # its first piece, and those behind it
    assert found.total_s == pytest.approx(10 + to_the_other + answers + the_sum, abs=1e-3)


def test_a_chain_adds_in_order_with_pieces_behind_each_other() -> None:
    # 4 blocks on 4 workers, 100 ms an addition: the first of 8 pieces is added to 4 times, 7 come
    # behind it at the last worker; then the parameters are moved.
    hardware = dataclasses.replace(FREE, added_s=0.1 / MANY)
    found = generation(TASKS, plan(4, hardware, "chain", MANY))
    assert found.update_s == pytest.approx(0.1 * (4 + 7) / 8 + 0.1)
    assert found.total_s == pytest.approx(3.0 + found.update_s)


def test_a_chain_sends_small_vectors_to_the_master_but_no_parameters_to_workers() -> None:
    hardware = dataclasses.replace(
        FREE, cores_per_machine=1, latency_s=0.25, bandwidth_bytes_s=400.0
    )
    found = generation(np.array([10.0, 10.0]), plan(2, hardware, "chain", blocks=2))
    parameters, results = 1.25, 100 * 2 / 400 + 0.25  # two members' results
    weights, vector = 8 / 400 + 0.25, 1.25
    assert found.total_s == pytest.approx(10 + parameters + results + weights + vector)
