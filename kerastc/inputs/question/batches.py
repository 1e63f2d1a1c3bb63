"""Questions in the batches that a Keras model takes."""

from kerastc.inputs.text.batches import batched, batches

__all__ = ["batched", "batches"]
