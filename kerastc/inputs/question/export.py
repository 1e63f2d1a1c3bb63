"""Questions in an export: what its encoder takes. There are no TensorFlow operations for them."""

from kerastc.inputs.pair.export import checked, given, graph, light, most_tokens

__all__ = ["checked", "given", "graph", "light", "most_tokens"]
