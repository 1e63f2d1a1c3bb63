"""Metrics, tables, plots and the page of a run. Names load on first use."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "accounting": ["account"],
        "compare": ["compare"],
        "conclude": ["conclude"],
        "lineage": ["family"],
        "metrics": ["classification_metrics"],
        "page": ["write_report"],
    },
)
