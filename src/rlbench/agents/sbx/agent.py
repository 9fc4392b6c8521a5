"""An algorithm of SBX as an agent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from rlbench.agents.sb3.agent import SB3
from rlbench.agents.sbx.settings import SBXSettings
from rlbench.interfaces import Context

if TYPE_CHECKING:  # imports PyTorch
    from rlbench.agents.sb3.learner import Learner


class SBX(SB3):
    """SBX's own code trains, in the places that Stable-Baselines3's has for it; see `SB3`."""

    Settings = SBXSettings
    version: ClassVar[int] = 1
    library: ClassVar[str] = "PyTorch, JAX and SBX"

    @staticmethod
    def make_learner(context: Context, settings: Any) -> Learner:
        from rlbench.agents.sbx.learner import SBXLearner

        return SBXLearner(context, settings)
