"""What a trial said of each row: kept in little room, read as it was, refused where damaged."""

import io

import numpy as np
import pytest
from scipy.special import log_softmax

from kerastc.compress.search.trial_rows import FILE, read_rows, write_rows
from kerastc.errors import UserError
from kerastc.outputs.classes.scores import Classes
from kerastc.run import Run

ROWS, CLASSES = 500, 300
OUTPUT = Classes([str(place) for place in range(CLASSES)])


@pytest.fixture
def said():
    rng = np.random.default_rng(0)
    return rng.integers(0, CLASSES, ROWS), rng.normal(size=(ROWS, CLASSES))


def test_rows_are_read_as_they_were_written_in_little_room(tmp_path, said):
    labels, logits = said
    write_rows(Run(tmp_path), OUTPUT, labels, OUTPUT.answers({"logits": logits}))
    found = read_rows(Run(tmp_path), OUTPUT).said
    np.testing.assert_array_equal(found.truth, labels)
    np.testing.assert_array_equal(found.predicted, logits.argmax(1))
    expected = -log_softmax(logits, axis=1)[np.arange(ROWS), labels]
    np.testing.assert_allclose(found.losses, expected, rtol=1e-6)
    assert (tmp_path / FILE).stat().st_size < 8 * ROWS + 1000
    assert read_rows(Run(tmp_path / "other"), OUTPUT) is None


def stored(**arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


GOOD = {"labels": np.zeros(3, np.uint8), "predicted": np.zeros(3, np.uint8)}
GOOD |= {"losses": np.zeros(3, np.float32)}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 no archive",
        stored(labels=GOOD["labels"]),
        stored(**GOOD | {"predicted": np.zeros(4, np.uint8)}),
        stored(**GOOD | {"labels": np.zeros(3)}),
        stored(**GOOD | {"labels": np.zeros((3, 1), np.uint8)}),
        stored(**GOOD | {"losses": np.array([1.0, np.nan, np.inf])}),
        stored(**GOOD | {"losses": np.array(["a", "b", "c"])}),
        stored(**GOOD)[:-40],
    ],
)
def test_a_damaged_file_is_named_with_what_to_do(tmp_path, content):
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(UserError) as refused:
        read_rows(Run(tmp_path), OUTPUT)
    assert FILE in refused.value.message and f"rm {tmp_path}" in refused.value.hint


def test_no_pickle_is_read(tmp_path):
    (tmp_path / FILE).write_bytes(stored(**GOOD | {"labels": np.array([{}] * 3, object)}))
    with pytest.raises(UserError, match="cannot be read"):
        read_rows(Run(tmp_path), OUTPUT)
