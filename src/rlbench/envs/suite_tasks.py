"""The tasks of DeepMind's Control Suite that its benchmark has (Tassa et al. 2018,
arXiv 1801.00690), as DOMAIN-TASK. They are listed here, as importing the suite takes seconds."""

BENCHMARK = (
    "acrobot-swingup", "acrobot-swingup_sparse", "ball_in_cup-catch", "cartpole-balance",
    "cartpole-balance_sparse", "cartpole-swingup", "cartpole-swingup_sparse", "cheetah-run",
    "finger-spin", "finger-turn_easy", "finger-turn_hard", "fish-swim", "fish-upright",
    "hopper-hop", "hopper-stand", "humanoid-run", "humanoid-stand", "humanoid-walk",
    "manipulator-bring_ball", "pendulum-swingup", "point_mass-easy", "reacher-easy",
    "reacher-hard", "swimmer-swimmer15", "swimmer-swimmer6", "walker-run", "walker-stand",
    "walker-walk",
)  # fmt: skip
