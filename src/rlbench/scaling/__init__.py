"""What a run would take on more workers: a discrete-event model fed by what the run measured."""
