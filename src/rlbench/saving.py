"""How a run is saved while its agent trains, as the agent sees it."""

from __future__ import annotations

from typing import Any


class Saving:
    """What an agent calls in `advance` so that a run which is ended at any moment loses little, and
    goes on as if nothing had happened. This one saves nothing: the agent is in no run.

    The moments at which a run is saved depend on time, so nothing that is learned may depend on
    them. An agent that never calls this is saved between two calls of `advance`.
    """

    def due(self) -> bool:
        """Whether it is time to save. Asked where `get_state` gives all that is needed to go on
        with this call of `advance`, what it will report included, and steps are still to come."""
        return False

    def save(self) -> None:
        """Save the run, by `get_state`, if that is due."""

    def mark(self) -> Any:
        """This moment, for `discard`. It says nothing to an agent."""

    def discard(self, mark: Any) -> None:
        """The state is that of `mark`: what was done since then is thrown away, and is done again
        when the run goes on. To be called just before `advance` ends."""
