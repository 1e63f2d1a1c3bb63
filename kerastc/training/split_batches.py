"""The batches of each split of texts: of their tokens, or of a frozen encoder's features."""

from collections.abc import Mapping
from itertools import chain
from typing import TYPE_CHECKING

import keras
import numpy as np

from kerastc.inputs.text.batches import TextBatches, text_batches
from kerastc.models import Encoder
from kerastc.run import Run
from kerastc.text.encoded import Encoded
from kerastc.training.batching import Batches
from kerastc.training.config import FineTuningConfig
from kerastc.training.features import FeatureCache

if TYPE_CHECKING:
    from kerastc.data.splits import Splits


def token_batches(
    splits: "Splits", encoder: Encoder, config: FineTuningConfig
) -> dict[str, TextBatches]:
    """Batches of tokens by split; there is none without rows, as there may be no test part."""
    seeds = {"train": config.seed, "validation": None, "test": None}
    return {
        part: text_batches(getattr(splits, part), encoder.tokenizer, config, seed, encoder.segments)
        for part, seed in seeds.items()
        if len(getattr(splits, part))
    }


def feature_batches(
    features: keras.Model,
    encoder: Encoder,
    batches: Mapping[str, TextBatches],
    config: FineTuningConfig,
    run: Run,
) -> dict[str, Batches]:
    """The same rows as features, which are computed once, or read from the run's cache.

    Args:
        features: of `split_at_features`.
        encoder: in it.
        batches: of tokens, by split.
        config: their settings.
        run: has the cache.
    """
    cache = FeatureCache(
        run.cache,
        (encoder.fingerprint, config.pooling, config.precision, keras.backend.backend()),
    )
    read = [part.read for part in batches.values()]
    tokens = Encoded.of(chain.from_iterable(read))
    found = cache.features(features, tokens, encoder.pad, encoder.max_length)
    parts = np.split(found, np.cumsum([len(rows) for rows in read])[:-1])
    return {
        name: old.frozen(part) for (name, old), part in zip(batches.items(), parts, strict=True)
    }
