"""Corpora on disk: token shards that are larger than memory. Names load on first use."""

from kerastc.lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    names={
        "build": ["build"],
        "corpus": ["Corpus"],
        "settings": ["BuildSettings"],
        "shard": ["Shard"],
        "shard_writer": ["ShardWriter"],
    },
)
