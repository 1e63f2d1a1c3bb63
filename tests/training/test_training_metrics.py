import keras
import numpy as np
import pytest
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from kerastc.training.metrics import ConfusionAccuracy, class_figures

pytestmark = pytest.mark.backend


def test_figures_are_those_of_scikit_learn():
    random = np.random.default_rng(0)
    truth = random.integers(0, 3, 200)
    logits = random.normal(size=(200, 4)).astype("float32")
    logits[:, 3] = -10  # a class that is neither true nor guessed
    metric = ConfusionAccuracy(4)
    for part in np.array_split(np.arange(200), 7):
        metric.update_state(np.eye(4, dtype="float32")[truth[part]], logits[part])
    guess = logits.argmax(axis=1)
    assert float(metric.result()) == pytest.approx(accuracy_score(truth, guess))
    figures = class_figures(metric.confusion.numpy(), ("a", "b", "c", "d"))
    expected = precision_recall_fscore_support(truth, guess, labels=range(4), zero_division=0)
    for name, values in zip(("precision", "recall", "f1"), expected, strict=False):
        assert [figures[f"{name}[{c}]"] for c in "abcd"] == pytest.approx(values)
        assert figures[f"macro_{name}"] == pytest.approx(values.mean())


def test_weights_of_the_loss_do_not_change_the_accuracy():
    metric = ConfusionAccuracy(2)
    metric.update_state(np.eye(2), np.array([[1.0, 0], [1.0, 0]]), sample_weight=np.array([9, 1]))
    assert float(metric.result()) == 0.5


def test_the_metric_survives_its_config():
    metric = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(ConfusionAccuracy(5))
    )
    assert metric.classes == 5
