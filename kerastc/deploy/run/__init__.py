"""Runs exported models, without Keras."""
