"""Trained policies as films: pictures of their episodes with return and training time in them."""
