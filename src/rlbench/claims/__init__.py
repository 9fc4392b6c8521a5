"""What a popular text claims of evolution strategies, what the paper says, what was measured."""
