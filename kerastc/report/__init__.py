"""Metrics, tables, plots and the page of a run. Names load on first use."""

from kerastc.rooms import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    names={
        "accounting": ["account"],
        "compare": ["compare"],
        "conclude": ["conclude"],
        "lineage": ["family"],
        "method_plots": [
            "image_rows",
            "neighbourhoods",
            "principal_components",
            "projection",
            "rounds",
            "similarity_matrix",
        ],
        "page": ["write_report"],
        "pictures": ["write_picture"],
    },
)
