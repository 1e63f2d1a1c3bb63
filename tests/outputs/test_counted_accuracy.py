import keras
import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, log_loss, precision_recall_fscore_support

from kerastc.outputs.classes.head import NO_LABEL, ClassJudge, CountedAccuracy, targets_of
from kerastc.outputs.classes.metrics import classification_metrics
from kerastc.scores.softmax import softmax

pytestmark = pytest.mark.backend


def counted(truth, logits, batches=3):
    judge = ClassJudge("abcde"[: logits.shape[1]])
    for part in np.array_split(np.arange(len(truth)), batches):
        judge.accuracy.update_state(targets_of(truth[part]), logits[part])
    return judge


@pytest.mark.parametrize("seen", [3, 4, 2])
def test_figures_are_those_of_scikit_learn(seen):
    random = np.random.default_rng(0)
    truth = random.integers(0, seen, 200)
    logits = random.normal(size=(200, 5)).astype("float32")
    logits[:, 4] = -10  # a class that is neither true nor guessed
    judge = counted(truth, logits)
    guess = logits.argmax(axis=1)
    assert float(judge.accuracy.result()) == pytest.approx(accuracy_score(truth, guess))
    figures = judge.counted()
    expected = precision_recall_fscore_support(truth, guess, labels=range(5), zero_division=0)
    for name, values in zip(("precision", "recall", "f1"), expected, strict=False):
        assert [figures[f"{name}[{c}]"] for c in "abcde"] == pytest.approx(values)
    # Without `labels`, scikit-learn averages over the classes that occur.
    macro = precision_recall_fscore_support(truth, guess, average="macro", zero_division=0)
    for name, value in zip(("precision", "recall", "f1"), macro, strict=False):
        assert figures[f"macro_{name}"] == pytest.approx(value)
    # At the end the same figures come from all outputs at once.
    final = judge.final(logits, targets_of(truth))
    assert list(final) == [figure.name for figure in judge.figures]
    assert {name: final[name] for name in figures} == figures
    assert final["accuracy"] == accuracy_score(truth, guess)
    assert final["loss"] == pytest.approx(log_loss(truth, softmax(logits), labels=range(5)), 1e-6)


def test_macro_f1_is_that_of_the_report_where_classes_do_not_occur():
    truth = np.array([0, 0, 1, 1, 1, 0])
    probabilities = np.full((6, 4), 0.1)
    probabilities[np.arange(6), [0, 0, 1, 1, 0, 0]] = 0.7
    logits = np.log(probabilities).astype("float32")
    figures = counted(truth, logits).counted()
    report = classification_metrics(truth, probabilities, "abcd", intervals_seed=None)
    expected = f1_score(truth, logits.argmax(axis=1), average="macro", zero_division=0)
    assert report["macro_f1"] == pytest.approx(expected)
    assert figures["macro_f1"] == pytest.approx(expected)


def test_rows_beyond_what_float32_can_count_are_counted():
    metric = CountedAccuracy(2)
    metric.update_state(np.array([[0], [1]]), np.array([[1.0, 0], [0, 1.0]]))
    for variable in (metric.right, metric.support, metric.predicted):
        variable.assign(np.array([2**24, 2**24 + 1], "int32"))
    metric.update_state(np.array([[0]]), np.array([[1.0, 0]]))
    assert [counts.tolist() for counts in metric.counted()] == [[2**24 + 1, 2**24 + 1]] * 3


def test_rows_without_a_label_do_not_count():
    metric = CountedAccuracy(2)
    metric.update_state(np.array([[NO_LABEL], [0]]), np.array([[0.0, 1], [1, 0]]))
    assert [counts.tolist() for counts in metric.counted()] == [[1, 0]] * 3


def test_weights_of_the_loss_do_not_change_the_accuracy():
    metric = CountedAccuracy(2)
    logits = np.array([[1.0, 0], [1.0, 0]])
    metric.update_state(np.array([[0], [1]]), logits, sample_weight=np.array([9, 1]))
    assert float(metric.result()) == 0.5


def test_of_a_mixture_the_larger_part_counts_and_of_a_soft_label_the_likeliest_class():
    metric = CountedAccuracy(3)
    logits = np.array([[0, 1.0, 0], [0, 0, 1.0]])
    metric.update_state(np.array([[0, 1, 0.3], [2, 0, 0.6]], "float32"), logits)
    assert [counts.tolist() for counts in metric.counted()] == [[0, 1, 1]] * 3
    metric.reset_state()
    metric.update_state(np.array([[[0.2, 0.5, 0.3]], [[0.6, 0.1, 0.3]]], "float32"), logits)
    assert [counts.tolist() for counts in metric.counted()] == [[0, 1, 0], [1, 1, 0], [0, 1, 1]]


def test_the_metric_survives_its_config():
    metric = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(CountedAccuracy(5))
    )
    assert metric.classes == 5
