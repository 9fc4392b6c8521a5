"""Networks: one description of an architecture; Keras trains it, NumPy acts with it."""
