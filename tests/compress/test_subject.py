"""What an image model learns from in a step: its own images, and the teacher's view of each."""

import keras
import numpy as np
import pytest

from kerastc.compress.pipeline import data_of
from kerastc.compress.steps import teacher, teaching
from kerastc.compress.steps.distill import Distill
from kerastc.compress.steps.recover import Recover
from kerastc.compress.subject import Subject
from kerastc.compress.work import Work
from kerastc.errors import UserError
from kerastc.images import NONE, STANDARD
from kerastc.models.loading import load_model
from kerastc.run import Run

pytestmark = pytest.mark.backend


@pytest.fixture(scope="module")
def subject_with(trained_images, folders, tmp_path_factory):
    """Makes subjects of the run, as if its config had been another."""
    run = Run(trained_images, folders.cache)
    of = data_of(run)
    splits = of.load(of.config, Run(tmp_path_factory.mktemp("data")))

    def make(**changes):
        return Subject(run, run, of.config.model_copy(update=changes), splits)

    return make


def training_batches(subject, step):
    """The batches of a step's training."""
    more = subject.unlabelled(step.teaching)
    return subject.training_batches(step.teaching, subject.config, more)


def split(batch):
    """Images, targets without a teacher, its logits."""
    images, targets = batch
    return images, *np.split(targets, [3], axis=1)


def taught(batches):
    """The teacher's logits of all rows, in their order."""
    logits = {}
    for index in range(len(batches)):
        logits.update(zip(batches.batches.batches[index], split(batches[index])[2], strict=True))
    return np.stack([logits[row] for row in range(len(logits))])


def teacher_of(run):
    model = keras.saving.load_model(run / "model.keras")
    return lambda images: keras.ops.convert_to_numpy(model(images, training=False))


@pytest.mark.parametrize("mixup", [0.0, 0.4])
def test_the_teacher_is_asked_about_the_very_images_of_a_batch(subject_with, trained_images, mixup):
    subject = subject_with(augmentation=STANDARD, mixup=mixup)
    batches = training_batches(subject, Recover())
    plain = subject.splits.train.examples.astype("float32")
    for epoch in (0, 1):
        batches.begin_epoch(epoch)
        images, labels, logits = split(batches[1])
        assert not any((image == plain).all(axis=(1, 2, 3)).any() for image in images[:4])
        np.testing.assert_allclose(logits, teacher_of(trained_images)(images), atol=1e-4)
        assert (labels[:, 2] < 1).any() == bool(mixup)
        again = split(batches[1])
        np.testing.assert_array_equal(again[0], images)
        np.testing.assert_allclose(again[2], logits, atol=1e-6)
    assert len(batches.rows()) == 320


def test_of_images_that_stay_as_they_are_the_teacher_is_asked_once_for_all(
    subject_with, trained_images, monkeypatch
):
    subject = subject_with(augmentation=NONE)
    batches = training_batches(subject, Recover())
    images, _, logits = split(batches[0])
    np.testing.assert_allclose(logits, teacher_of(trained_images)(images), atol=1e-4)
    monkeypatch.setattr(teacher, "predictor_of", None)  # the cache answers from now on
    again = training_batches(subject_with(augmentation=NONE), Recover())
    np.testing.assert_array_equal(taught(again), taught(batches))


@pytest.mark.parametrize("damage", ["cut", "rows", "classes", "nan", "numbers", "none"])
def test_a_damaged_file_of_a_teachers_answers_is_made_anew(subject_with, folders, damage):
    subject = subject_with(augmentation=NONE)
    batches = training_batches(subject, Recover())
    logits = taught(batches)
    for path in (folders.cache / "teachers").glob("*.npz"):
        match damage:
            case "cut":
                path.write_bytes(path.read_bytes()[:100])
            case "rows":
                np.savez(path, logits=logits[:-1])
            case "classes":
                np.savez(path, logits=logits[:, :-1])
            case "nan":
                np.savez(path, logits=logits * np.nan)
            case "numbers":
                np.savez(path, logits=np.zeros(logits.shape, int))
            case "none":
                np.savez(path, other=logits)
    again = training_batches(subject_with(augmentation=NONE), Recover())
    np.testing.assert_array_equal(taught(again), taught(batches))


def test_unlabelled_images_have_no_label_and_the_teacher_s_view(subject_with):
    subject = subject_with(augmentation=NONE)
    batches = training_batches(subject, Recover(unlabelled="own"))
    assert len(batches.batches.inputs) == 320 + 64
    np.testing.assert_array_equal(batches.targets[:, 0] >= 0, np.arange(384) < 320)
    np.testing.assert_array_equal(batches.batches.inputs[320:], subject.splits.unlabelled.examples)
    assert np.abs(taught(batches)).sum(axis=1).min() > 0


def test_without_a_teacher_labels_alone_are_given(subject_with):
    subject = subject_with()
    _, labels, logits = split(training_batches(subject, Recover(soft=0.0))[0])
    assert not logits.any() and (labels[:, 0] >= 0).all()


def test_unlabelled_images_that_are_not_there_are_refused(subject_with):
    subject = subject_with()
    subject.splits = type(subject.splits)(
        **vars(subject.splits) | {"unlabelled": subject.splits.unlabelled.take(np.arange(0))}
    )
    with pytest.raises(UserError, match=r"all training images of .* have labels"):
        training_batches(subject, Recover(unlabelled="own"))


def test_a_student_of_another_architecture_takes_the_place_of_the_model(
    subject_with, trained_images, monkeypatch
):
    subject = subject_with()
    work = Work(subject, load_model(trained_images / "model.keras"), None)
    monkeypatch.setattr(teaching, "teach", lambda work, options: {"epochs": options.epochs})
    assert Distill(architecture="wide", width=0.25, depth=1).apply(work) == {"epochs": 3}
    assert subject.input.preprocessing["architecture"] == "wide"
    assert work.model.get_layer("stem").filters == 16


def test_images_are_learnt_at_the_rate_of_the_run_where_a_step_names_none(
    subject_with, trained_images, monkeypatch
):
    rates = []

    def stop(model, batches, validation, loss, judge, config, *rest):
        rates.append(config.learning_rate)
        raise UserError("enough")

    monkeypatch.setattr(teaching, "fit", stop)
    work = Work(subject_with(), load_model(trained_images / "model.keras"), None)
    for step in (Recover(), Recover(learning_rate=3e-3)):
        with pytest.raises(UserError, match="enough"):
            step.apply(work)
    assert rates == [1e-2, 3e-3]


@pytest.mark.parametrize("options", [{"width": 2.0}, {"depth": 3}, {"architecture": "cnn"}])
def test_a_student_that_is_no_smaller_is_refused(subject_with, trained_images, options):
    work = Work(subject_with(), load_model(trained_images / "model.keras"), None)
    with pytest.raises(UserError, match="Give a smaller width"):
        Distill(**options).apply(work)
