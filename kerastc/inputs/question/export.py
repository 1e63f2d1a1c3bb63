"""Questions in an export: what its encoder takes. There are no TensorFlow operations for them."""

from kerastc.inputs.pair.export import checked, given, light, most_tokens
from kerastc.inputs.question.encode import QuestionInput

__all__ = ["checked", "given", "graph", "light", "most_tokens"]


def graph(input: QuestionInput, length: int | None) -> tuple[None, tuple[str, ...]]:
    """See `kerastc.deploy.convert.run_export.RunExport.graph`."""
    return None, ("No signature takes questions and contexts: serving_default takes ids.",)
