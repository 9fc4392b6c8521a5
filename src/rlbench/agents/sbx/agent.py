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
    extra: ClassVar[str] = "sbx"

    @staticmethod
    def make_learner(context: Context, settings: Any) -> Learner:
        from rlbench.agents.sbx.learner import SBXLearner

        return SBXLearner(context, settings)

    @staticmethod
    def packages(settings: Any) -> list[str]:
        # TensorFlow Probability, which SBX imports, asks for tf_keras where TensorFlow is.
        return ["torch", "stable_baselines3", "sb3_contrib", "jax", "sbx", "tf_keras"]
