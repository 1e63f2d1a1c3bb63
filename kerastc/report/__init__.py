"""Metrics, tables, plots and the page of a run. Names load on first use."""

from kerastc.lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    names={
        "account.data": ["account"],
        "comparison.data": ["compare"],
        "page.conclude": ["conclude"],
        "account.lineage": ["family"],
        "page.method_plots": [
            "image_rows",
            "neighbourhoods",
            "principal_components",
            "projection",
            "rounds",
            "similarity_matrix",
        ],
        "page.page": ["write_report"],
        "page.method_pictures": ["write_picture"],
    },
)
