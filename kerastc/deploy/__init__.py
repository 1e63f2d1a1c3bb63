"""From a run to files for devices and servers, and what those cost there.

Names load on first use: a device that only runs and measures a file has little more than Python,
NumPy and the interpreter of LiteRT.
"""

from kerastc.rooms import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    names={
        "benchmark": ["benchmark"],
        "exporting": ["export"],
        "family": ["export_and_benchmark"],
        "runtime": ["load"],
        "signature": ["Signature"],
    },
)
