"""Searches of libraries: they propose parameter vectors, and are told their returns."""
