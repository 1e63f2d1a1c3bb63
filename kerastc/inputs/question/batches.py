"""Questions in the batches that a Keras model takes."""

from kerastc.inputs.text.batches import batches

__all__ = ["batches"]
