"""Train small Keras 3 models from named recipes, and prove what they cost and what they lose."""

__version__ = "0.1.0"
