"""How a report shows and describes documents: as texts."""

from kerastc.inputs.text.page import PAGE

__all__ = ["PAGE"]
