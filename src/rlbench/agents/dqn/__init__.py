"""DQN (Mnih et al. 2015): replay, target network, clipped error, epsilon-greedy acting."""
