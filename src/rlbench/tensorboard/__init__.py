"""Event files that TensorBoard reads, written without TensorFlow."""
