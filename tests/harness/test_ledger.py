"""The ledger's account adds up, and goes on where an earlier attempt ended."""

import subprocess
import sys
import time

import pytest

from rlbench.clock import Start
from rlbench.harness.ledger import Ledger
from rlbench.interfaces import Counts
from rlbench.runs.columns import Clock


def spin(seconds: float) -> None:
    """Keep this thread computing for `seconds`, by the wall clock and by its own CPU time."""
    wall, cpu = time.perf_counter() + seconds, time.thread_time() + seconds
    while time.perf_counter() < wall or time.thread_time() < cpu:
        pass


def test_phases_and_the_rest_add_up_to_wall_time() -> None:
    start = Start.now()
    ledger = Ledger(start, frame_skip=4)
    ledger.connect(lambda: Counts(10, 2), lambda: 1.5)
    spin(0.02)
    ledger.started()
    with ledger.phase("train"):
        spin(0.05)
        assert ledger.train_s() >= 0.05
        inside = ledger.now()
    spin(0.01)
    with ledger.phase("eval"):
        spin(0.03)
    clock = ledger.now()
    assert 0.05 <= inside.train_s <= clock.train_s <= clock.wall_s
    assert clock.eval_s >= 0.03 and clock.startup_s >= 0.02 and clock.checkpoint_s == 0
    assert clock.unattributed_s >= 0.01
    parts = clock.train_s + clock.eval_s + clock.startup_s + clock.unattributed_s
    assert parts == pytest.approx(clock.wall_s, abs=1e-9)
    assert (clock.env_steps, clock.env_frames, clock.episodes) == (10, 40, 2)
    # At least what was spun here; other threads of this process may have added to it.
    assert 1.5 + 0.11 <= clock.cpu_s < 1.5 + 1.0
    assert 0.05 <= clock.train_cpu_s < clock.cpu_s - 1.5


def test_a_later_attempt_goes_on_from_the_earlier_clock() -> None:
    earlier = Clock(100, 100, 3, 50.0, 40.0, 5.0, 4.0, 1.0, 0.0, 60.0, 55.0)
    ledger = Ledger(Start.now(), Clock.from_row(earlier.row()))
    ledger.connect(lambda: Counts(7, 1), lambda: 0.0)
    ledger.started()
    with ledger.phase("train"):
        spin(0.01)
    clock = ledger.now()
    assert (clock.env_steps, clock.episodes) == (107, 4)
    assert 40.01 <= clock.train_s < 45 and clock.eval_s == 5.0
    assert clock.wall_s > 50.0


def test_what_is_lost_is_not_charged_and_is_kept_apart() -> None:
    counts = Counts(10, 2)
    ledger = Ledger(Start.now())
    ledger.connect(lambda: counts, lambda: 0.0)
    ledger.started()
    with ledger.phase("train"):
        spin(0.01)
        mark = ledger.now()
        spin(0.02)
        counts.add(Counts(7, 1))
    spent = ledger.now()
    before = time.perf_counter()
    ledger.go_back(mark)
    clock = ledger.now()
    assert (clock.env_steps, clock.episodes, clock.lost_env_steps) == (10, 2, 7)
    assert clock.train_s == pytest.approx(mark.train_s, abs=1e-9)
    assert clock.lost_train_s == pytest.approx(spent.train_s - mark.train_s, abs=1e-9)
    assert 0.02 <= clock.lost_cpu_s <= ledger.cpu_s() - mark.cpu_s
    assert clock.wall_s <= mark.wall_s + time.perf_counter() - before
    counts.add(Counts(1, 0))
    ledger.go_back(mark)
    assert (ledger.now().env_steps, ledger.now().lost_env_steps) == (10, 8)  # they add up


def test_a_run_that_begins_again_has_lost_all_that_earlier_attempts_spent() -> None:
    earlier = Clock(env_steps=100, train_s=40.0, cpu_s=50.0, wall_s=60.0, lost_env_steps=5)
    ledger = Ledger(Start.now(), earlier)
    ledger.connect(lambda: Counts(), lambda: 0.0)
    ledger.begin_again()
    clock = ledger.now()
    assert (clock.env_steps, clock.train_s, clock.lost_env_steps) == (0, 0.0, 105)
    assert clock.lost_train_s == 40.0
    # At most what this attempt used is lost besides: time goes on while the clock is read.
    assert 50.0 - 1e-9 <= clock.lost_cpu_s <= 50.0 + ledger.cpu_s() + 1e-9
    assert clock.wall_s < 1.0


def test_a_phase_aside_is_not_in_the_phase_around_it() -> None:
    ledger = Ledger(Start.now())
    ledger.started()
    with ledger.phase("train"):
        spin(0.01)
        with ledger.aside("checkpoint"):
            spin(0.03)
        spin(0.01)
    clock = ledger.now()
    assert 0.02 <= clock.train_s < clock.wall_s - 0.03 and clock.checkpoint_s >= 0.03
    assert 0.02 <= clock.train_cpu_s < clock.cpu_s - 0.03


def test_a_preparation_without_steps_is_startup_and_one_with_steps_is_training() -> None:
    counts = Counts()
    ledger = Ledger(Start.now())
    ledger.connect(lambda: counts, lambda: 0.0)
    ledger.started()
    began = ledger.now().startup_s
    with ledger.preparation():
        spin(0.01)
    clock = ledger.now()
    assert clock.train_s == 0.0 and clock.train_cpu_s == 0.0
    assert clock.startup_s >= began + 0.01
    with ledger.preparation():
        spin(0.01)
        counts.add(Counts(16, 0))
    after = ledger.now()
    assert after.train_s >= 0.01 and after.train_cpu_s >= 0.01 and after.env_steps == 16
    assert after.startup_s == clock.startup_s


def test_phases_do_not_nest() -> None:
    ledger = Ledger(Start.now())
    with pytest.raises(RuntimeError, match="'train' inside phase 'startup'"), ledger.phase("train"):
        pass
    ledger.started()
    nested = pytest.raises(RuntimeError, match="'eval' inside phase 'train'")
    with ledger.phase("train"), nested, ledger.phase("eval"):
        pass


def test_time_before_the_ledger_is_startup() -> None:
    now = Start.now()
    ledger = Ledger(Start(now.at_s - 2.0, now.cpu_s))
    clock = ledger.now()
    assert 2.0 <= clock.startup_s < 3.0
    assert clock.wall_s == pytest.approx(clock.startup_s, abs=1e-9)
    ledger.started()
    assert ledger.now().unattributed_s >= 0


@pytest.mark.parametrize("jump_s", [-1e9, -3600.0, 3600.0, 1e9])
def test_the_time_of_day_may_be_set_while_a_run_goes_on(
    monkeypatch: pytest.MonkeyPatch, jump_s: float
) -> None:
    ledger = Ledger(Start.of_process() if sys.platform == "linux" else Start.now())
    before, now = ledger.now(), time.time
    monkeypatch.setattr(time, "time", lambda: now() + jump_s)
    ledger.started()
    with ledger.phase("train"):
        spin(0.01)
    clock = ledger.now()
    again = Ledger(Start.of_process() if sys.platform == "linux" else Start.now()).now()
    assert before.wall_s + 0.01 <= clock.wall_s < before.wall_s + 1
    assert 0.01 <= clock.train_s < 1 and before.startup_s <= clock.startup_s < clock.wall_s
    assert again.startup_s < clock.wall_s + 1


def test_a_process_began_when_it_was_started() -> None:
    program = "from rlbench.harness.ledger import Start\nprint(Start.of_process().at_s)"
    started = time.perf_counter()  # of the machine, not of a process
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    # Clock ticks are 10 ms; between our reading and the new process lies its creation.
    assert -0.02 <= float(done.stdout) - started < 1.0
