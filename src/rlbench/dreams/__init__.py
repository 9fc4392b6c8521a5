"""DeepDream: pictures that excite what a network has learned, and how far they differ from those of
an untrained one."""
