"""From a run to files for devices and servers, and their cost there.

Names load on first use: a device that only runs and measures a file has little more than Python,
NumPy and the LiteRT interpreter.
"""

from kerastc.lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    names={
        "measure.benchmark": ["benchmark"],
        "convert.export": ["export"],
        "export_all": ["export_and_benchmark"],
        "run.runtime": ["load"],
        "signature": ["Signature"],
    },
)
