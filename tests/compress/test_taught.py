"""Batches of a student, with what its teacher says."""

import numpy as np
import pytest

from kerastc.compress.steps.taught import Taught
from kerastc.inputs.text.batches import TextBatches
from kerastc.text.ragged import Ragged


@pytest.mark.parametrize(
    ("targets", "axes"),
    [(np.zeros((2, 1), np.int32), 1), (Ragged.of([np.zeros(3), np.zeros(5)]), 2)],
)
def test_targets_of_each_token_may_be_of_any_length_in_later_batches(targets, axes):
    tokens = [np.ones(3, np.int32), np.ones(5, np.int32)]
    batches = TextBatches(tokens, lambda rows, length: {}, targets, 1)
    assert Taught(batches, lambda *of: None, lambda *of: of).open_target_axes == axes
