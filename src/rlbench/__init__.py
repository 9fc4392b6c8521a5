"""rlbench: which reaches a score sooner on your machine, DQN or evolution strategies?"""

__version__ = "0.2.2"
