"""The tables of docs/reproduced.md and docs/answer.md. Behind `scripts/reproduced.py`."""
