"""The tasks of one call of `map`: which one is next, and whose results are due."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from rlbench.interfaces import Stopped


@dataclass
class Task:
    """number: its place among the tasks. losses: how many workers were lost while they did it."""

    number: int
    content: Any
    losses: int = 0


class TaskQueue:
    """Hands out tasks in order, those that come back first, and gives results in order.

    is_empty: whether no task waits. stopped: whether no other one is to begin.
    """

    def __init__(self, tasks: Iterable[Any]) -> None:
        self._tasks = enumerate(tasks)
        self._again: deque[Task] = deque()
        self._results: dict[int, Any] = {}
        self._due = 0
        self._exhausted = self.stopped = False

    @property
    def is_empty(self) -> bool:
        return self.stopped or (self._exhausted and not self._again)

    def next(self) -> Task | None:
        """The task that is to begin now, None where there is none."""
        if self.stopped:
            return None
        if self._again:
            return self._again.popleft()
        for number, content in self._tasks:
            return Task(number, content)
        self._exhausted = True
        return None

    def stop(self) -> None:
        self.stopped = True

    def give_back(self, task: Task) -> None:
        """A task whose worker was lost is to begin again."""
        task.losses += 1
        self._again.append(task)

    def finish(self, task: Task, result: Any) -> None:
        """A task has ended with a result."""
        self._results[task.number] = result

    def results(self) -> Iterator[Any]:
        """Those that are due: of all tasks up to the first one that has not ended, or was stopped
        before its end."""
        while self._due in self._results and not isinstance(self._results[self._due], Stopped):
            yield self._results.pop(self._due)
            self._due += 1
