"""Which rows a process has, and what several cannot train."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastc.errors import UserError
from kerastc.processes import limits, place
from kerastc.processes.exchange import everyone, first, first_arrays
from kerastc.processes.place import ALONE, Place
from kerastc.training.config import TextClassifierConfig
from kerastc.training.language_config import MaskedEncoderConfig


def places(count, layout="data", devices=None):
    return [Place(rank, count, layout=layout, devices=devices or count) for rank in range(count)]


@given(st.integers(2, 9), st.integers(1, 60), st.integers(1, 3))
def test_a_batch_is_divided_in_its_order_or_is_computed_by_each(count, rows, each):
    every, several = np.arange(rows), places(count, devices=count * each)
    parts = [every[one.own(rows)] for one in several]
    if rows % (count * each):
        assert all((part == every).all() for part in parts)
    else:
        assert (np.concatenate(parts) == every).all()
        assert {len(part) for part in parts} == {rows // count}


def test_a_process_has_all_rows_where_weights_are_divided_or_it_is_alone():
    assert [one.own(8) for one in places(4, "model")] == [slice(0, 8)] * 4
    assert ALONE.own(8) == slice(0, 8) and ALONE.first and not ALONE.divides(8)


def test_work_that_any_process_of_a_machine_can_do_is_divided_there_alone():
    shards = list("abcde")
    assert Place(1, 2, started=True).share(shards) == ["b", "d"]
    assert Place(1, 2).share(shards) == shards
    assert Place(5, 6, started=True).share(shards) == []


def test_a_process_that_is_alone_tells_itself():
    arrays = {"a": np.arange(3)}
    assert everyone({"b": 1}) == [{"b": 1}] and first(lambda: 5) == 5
    assert first_arrays(lambda: arrays) is arrays and first_arrays(lambda: None) is None


@pytest.fixture
def three(monkeypatch):
    monkeypatch.setattr(place, "_here", Place(0, 3, "127.0.0.1:5000", devices=3))


def refused(config, backend="jax"):
    with pytest.raises(UserError) as caught:
        limits.require(config, backend)
    return str(caught.value)


def test_what_several_processes_cannot_train_is_refused(three, tmp_path):
    words = MaskedEncoderConfig(corpus=str(tmp_path), batch_size=32)
    assert refused(words) == (
        "batch_size=32 cannot be divided between 3 processes.\n"
        "Give batch_size=33, or --processes 2."
    )
    for backend in ("tensorflow", "torch"):
        told = refused(words, backend)
        assert f"on JAX alone; the backend is {backend}." in told and "--backend jax" in told
    told = refused(TextClassifierConfig())
    assert "is trained by one process." in told and "language-model and distil-encoder" in told
    limits.require(words.model_copy(update={"batch_size": 33}), "jax")


def test_one_process_trains_everything(tmp_path):
    limits.require(MaskedEncoderConfig(corpus=str(tmp_path), batch_size=5), "torch")
