"""Networks: one description of an architecture; Keras or Sonnet trains it, NumPy acts with it."""
