"""The tiny presets, and the real one, as fixtures of this room."""

from tiny_presets import hugging_face, minilm, tiny  # noqa: F401
