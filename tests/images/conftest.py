"""Images of the sizes that the room must handle."""

import numpy as np
import pytest

SHAPES = [(32, 32, 3), (8, 8, 1), (5, 9, 3), (1, 4, 1)]


@pytest.fixture(params=SHAPES, ids=str)
def images(request) -> np.ndarray:
    """(6, h, w, c) uint8: noise of several contrasts, and one image of a single value."""
    random = np.random.default_rng(3)
    noise = random.integers(0, 256, (6, *request.param))
    spread = np.array([1, 1, 0.6, 0.3, 0.1, 0])[:, None, None, None]
    return np.rint(60 * (1 - spread) + noise * spread).astype(np.uint8)


@pytest.fixture
def smooth() -> np.ndarray:
    """(6, 32, 32, 3) uint8 with the slow changes and the edges that photographs have."""
    random = np.random.default_rng(4)
    y, x = np.mgrid[:32, :32] / 32
    waves = np.sin(random.uniform(1, 9, (6, 1, 1, 3)) * y[..., None] + 7 * x[..., None])
    picture = 128 + 90 * waves
    picture[:, 8:20, 5:15] = random.integers(0, 256, (6, 1, 1, 3))
    return np.rint(picture).astype(np.uint8)
