"""What TensorBoard shows of a run's policies, beside the numbers of its log."""
