"""Exported models in use, without Keras."""
