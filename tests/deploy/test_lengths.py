"""LiteRT files that take texts of several lengths."""

import json

import numpy as np
import pytest
import text_run
from text_run import on_tensorflow, table_of

from kerastc.data.texts.texts import LabelledTexts
from kerastc.deploy import Signature, export, load
from kerastc.deploy.measure.benchmark import SOURCE, Protocol, benchmark
from kerastc.deploy.signature import beside
from kerastc.errors import UserError

LENGTHS = (4, 7, text_run.MAX_TOKENS)


@on_tensorflow
@pytest.mark.parametrize(
    "quantization",
    ["float32", "int8-static"]
    + [pytest.param(name, marks=pytest.mark.slow) for name in ("int8", "int4-tables")],
)
def test_a_text_takes_the_shortest_length_of_several(run, quantization):
    alone = load(export(run, quantization=quantization).path)
    whole = alone.session.signature.path.read_bytes()
    signature = export(run, length=LENGTHS[::-1], quantization=quantization)
    assert Signature.read(signature.path).lengths == LENGTHS
    assert signature.inputs[0].shape == (1, text_run.MAX_TOKENS)
    several = load(signature.path)
    rows = several.rows(text_run.texts())
    shapes = [several.session.inputs([row])["token_ids"].shape[1] for row in rows]
    assert shapes == [min(n for n in LENGTHS if n >= len(row)) for row in rows]
    assert set(shapes) == set(LENGTHS)
    if quantization == "float32":
        # What a row is padded with changes nothing; fewer bits round each length in its own way.
        found, expected = (one.outputs(rows)["logits"] for one in (several, alone))
        np.testing.assert_allclose(found, expected, atol=1e-5)
        [table] = table_of(run)
        assert signature.path.read_bytes().count(table.tobytes()) == 1
    assert signature.bytes < 3 * len(whole)


@on_tensorflow
def test_several_lengths_are_measured_each_text_in_its_own(run):
    export(run, length=LENGTHS)
    data = LabelledTexts(np.array(text_run.texts()), np.zeros(40, int), text_run.CLASSES, "here")
    [own] = benchmark([run.folder], data, protocol=Protocol(1, 2))
    [padded] = benchmark([run.folder], data, protocol=Protocol(1, 2, length=12))
    assert (own["length"], padded["length"]) == (None, 12)
    assert own["accuracy"] == padded["accuracy"]
    with pytest.raises(UserError, match=r"exported for length 4, 7, 12, and cannot be .* at 128"):
        benchmark([run.folder], data, protocol=SOURCE)


@on_tensorflow
def test_a_file_without_one_of_its_lengths_is_refused(run):
    signature = export(run, length=LENGTHS)
    record = json.loads(beside(signature.path).read_text())
    beside(signature.path).write_text(json.dumps(record | {"lengths": [5, 12]}))
    with pytest.raises(UserError, match=r"has no function for 5 tokens; its signature names one"):
        load(signature.path)
    beside(signature.path).write_text(json.dumps(record | {"lengths": [4, 7]}))
    with pytest.raises(UserError, match=r"takes 12 tokens, but its signature has the lengths 4, 7"):
        load(signature.path)
