"""Words that a file gave stay the same in predictions, bundles and on the way to a device."""

import json

import numpy as np

from kerastc.deploy.measure.packing import packed, unpacked
from kerastc.outputs.tags.predictions import Tagged
from kerastc.outputs.tags.scores import Tags
from kerastc.text.worded import Worded

TEXTS = [
    Worded("Vive  del\nsol.", ["Vive", "de", "el", "sol."], [(0, 4), (6, 9), (6, 9), (10, 14)])
]


def same(found):
    assert found == TEXTS
    assert found[0].words == TEXTS[0].words
    np.testing.assert_array_equal(found[0].spans, TEXTS[0].spans)


def test_the_file_of_predictions_gives_back_the_words(tmp_path):
    output, path = Tags(("O", "B-A", "I-A")), tmp_path / "test.csv"
    tags = np.array([0, 1, 2, 0])
    answers = [Tagged(tags, np.full(4, 1.0), np.eye(3)[tags])]
    output.write_predictions(path, ["text"], TEXTS, [tags], answers)
    read = output.read_predictions(path)
    same(read.examples.tolist())
    assert read.columns == ("text",)


def test_the_process_of_a_model_gets_the_words():
    same(unpacked(json.loads(json.dumps(packed(np.array(TEXTS, dtype=object))))))
    assert unpacked(packed(["a text"])) == ["a text"]
