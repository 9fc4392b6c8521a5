"""Environments: any Gymnasium id as counted lanes with explicit reset seeds."""
