"""Policies carried elsewhere: ONNX, Keras and SavedModel files, with a card that says what they
are."""
