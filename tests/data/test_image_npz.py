import io
import zipfile

import numpy as np
import pytest

from kerastc.data import read_images
from kerastc.data.images.npz import read_npz
from kerastc.errors import UserError


def arrays(channels: int | None = 3, classes: int = 3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    shape = (6, 5) if channels is None else (6, 5, channels)
    return {
        "x_train": rng.integers(0, 256, (12, *shape), dtype=np.uint8),
        "y_train": np.arange(12) % classes,
        "x_test": rng.integers(0, 256, (6, *shape), dtype=np.uint8),
        "y_test": np.arange(6) % classes,
    }


@pytest.fixture
def saved(tmp_path):
    """Writes the arrays, some of them replaced, or left out where None is given."""

    def save(**changes) -> str:
        path = tmp_path / "some.npz"
        there = {name: array for name, array in (arrays() | changes).items() if array is not None}
        np.savez(path, **there)
        return path

    return save


def test_all_arrays_come_as_they_were_saved(saved):
    names = np.array(["ant", "bee", "cow"])
    source = read_npz(saved(label_names=names))
    for part, word in ((source.train, "train"), (source.test, "test")):
        np.testing.assert_array_equal(part.examples, arrays()[f"x_{word}"])
        np.testing.assert_array_equal(part.labels, arrays()[f"y_{word}"])
        assert part.classes == ("ant", "bee", "cow")
        assert part.labels.dtype == np.int32
        assert part.names[5] == f"{word} 5"
        assert part.source == "some.npz"


def test_keras_own_layouts_are_read(saved):
    """mnist.npz has no channels, bytes for labels, and no names; CIFAR's labels are columns."""
    mnist = arrays(channels=None)
    mnist |= {name: mnist[name].astype(np.uint8) for name in ("y_train", "y_test")}
    source = read_npz(saved(**mnist))
    assert source.train.examples.shape == (12, 6, 5, 1)
    np.testing.assert_array_equal(source.train.examples[..., 0], mnist["x_train"])
    assert source.train.classes == ("0", "1", "2")
    cifar = read_npz(saved(y_train=(np.arange(12) % 3)[:, None]))
    assert cifar.train.labels.tolist() == [0, 1, 2] * 4


def test_names_may_be_bytes_and_the_test_part_may_be_missing(saved):
    source = read_npz(saved(label_names=np.array([b"a", b"b", b"c"]), x_test=None, y_test=None))
    assert source.train.classes == ("a", "b", "c")
    assert source.train.names[0] == "image 0"
    assert source.test is None


def test_names_that_read_alike_are_one_class_and_told(saved):
    plain = read_npz(saved(label_names=np.array(["a", "b", "c"])))
    source = read_npz(saved(label_names=np.array(["caf\u00e9", "b", "cafe\u0301 "])))
    assert source.train.classes == ("caf\u00e9", "b")
    np.testing.assert_array_equal(source.test.labels, np.where(plain.test.labels == 1, 1, 0))
    both = np.concatenate([plain.train.labels, plain.test.labels])
    assert list(source.train.notes.values()) == [(both == 2).sum()]


def test_images_are_resized_when_asked_as_pillow_does_it(saved):
    from PIL import Image

    source = read_npz(saved(), size=(3, 4))
    picture = Image.fromarray(arrays()["x_train"][7]).resize((4, 3), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(source.train.examples[7], np.asarray(picture))
    assert read_npz(saved(**arrays(channels=None)), size=(3, 4)).test.examples.shape == (6, 3, 4, 1)


def test_images_to_measure_a_model_on_need_no_training_part(saved):
    both, alone = saved(), None
    assert len(read_images(str(both))) == 6
    alone = read_images(str(saved(x_train=None, y_train=None, label_names=np.array(list("abcd")))))
    assert alone.labels.tolist() == [0, 1, 2, 0, 1, 2]
    assert alone.classes == ("a", "b", "c", "d")
    assert len(read_images(str(saved(x_test=None, y_test=None)))) == 12
    assert len(read_images("digits", (12, 12, 1))) == 1797


X, Y = arrays()["x_train"], arrays()["y_train"]


def test_pixels_of_other_types_are_scaled_by_a_stated_rule(saved):
    for same in (X.astype("int64"), X.astype("float32"), X / 255, (X / 255).astype("float32")):
        found = read_npz(saved(x_train=same)).train.examples
        np.testing.assert_array_equal(found, X)
        assert found.dtype == np.uint8


def test_labels_may_be_names_or_whole_numbers_with_decimals(saved):
    assert read_npz(saved(y_train=Y.astype(float))).train.labels.tolist() == Y.tolist()
    names = np.array(["dog", "cat ", "1.0"])
    found = {"y_train": names[Y], "y_test": np.array([b"1", b"cat", b"dog"])[np.arange(6) % 3]}
    source = read_npz(saved(**found))
    assert source.train.classes == ("1", "cat", "dog")
    assert source.train.labels[:3].tolist() == [2, 1, 0]
    assert source.test.labels[:3].tolist() == [0, 1, 2]
    source = read_npz(saved(**found, label_names=np.array(["dog", "cat", "1"])))
    assert source.train.labels[:3].tolist() == [0, 1, 2]
    with pytest.raises(UserError, match="label 'dog' is not in label_names"):
        read_npz(saved(**found, label_names=np.array(["cat", "1"])))


def test_what_else_is_in_the_file_is_told(saved):
    there = dict(x_extra=X, y_extra=Y, x_val=X, y_val=Y, x_dev=X[:5], coarse=Y, fine=Y)
    source = read_npz(saved(**there))
    assert len(source.validation) == 12 and source.unlabelled is None
    assert source.notes == {
        "images in x_extra, which is not read": 12,
        "images in x_dev, which is not read": 5,
        "arrays that are not read": 3,
    }
    assert len(read_npz(saved(x_extra=X[:7])).unlabelled) == 7


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (dict(x_train=None), r"has no array x_train; it has y_train, x_test, y_test"),
        (dict(y_test=None), r"has no array y_test"),
        (dict(x_train=None, x_trian=X), r"(?s)no array x_train.*Did you mean 'x_trian'"),
        (dict(x_train=X / 100), r"(?s)x_train is float64 with .* not whole.*np.rint\(x_train\)"),
        (
            dict(x_train=X * 2.0),
            r"(?s)x_train is float64 with values from 0.0 to 510.0; pixels are",
        ),
        (dict(x_train=X / np.float32(127.5) - 1), r"x_train is float32 with values from -1.0 to"),
        (dict(x_train=np.where(X[0, 0, 0] == X, np.nan, X)), r"with values from nan to nan"),
        (dict(x_train=X * np.uint16(16)), r"(?s)x_train is uint16 .*bits write .*\(255 / 4095\)"),
        (dict(x_train=X > 99), r"x_train is bool"),
        (dict(x_train=X.transpose(0, 3, 1, 2)), r"(?s)shape \(12, 3, 6, 5\).*transpose\(0, 2, 3"),
        (dict(x_train=X.reshape(12, -1)), r"x_train has the shape \(12, 90\)"),
        (dict(x_train=X[..., :2]), r"shape \(12, 6, 5, 2\).* 1 or 3 channels"),
        (dict(x_train=X[:0]), r"x_train has the shape \(0, 6, 5, 3\)"),
        (dict(x_train=X // 255), r"(?s)x_train has no value above 1.*Multiply"),
        (dict(x_train=X[:, :5]), r"x_train are \(5, 5, 3\), those of x_test \(6, 5, 3\)"),
        (dict(x_train=X[:11]), r"x_train has 11 images, y_train has 12 labels"),
        (dict(y_train=Y + 0.5), r"y_train has the label 0.5 in row 0; labels are whole"),
        (dict(y_train=np.where(Y > 1, np.nan, Y)), r"(?s)label nan in row 2.*x_unlabelled"),
        (dict(y_train=Y > 0), r"y_train is bool; labels are whole numbers from 0, or texts"),
        (dict(y_train=np.array(["a"] * 12)), r"labels of one part are texts, those of another num"),
        (dict(y_train=np.array(["a", "nan"] * 6)), r"y_train has 6 empty labels.* row 1: 'nan'"),
        (dict(y_train=np.eye(12, 3, dtype=int)), r"(?s)shape \(12, 3\).*argmax"),
        (dict(y_train=Y - 1), r"y_train has the label -1 in row 0, which is out of range"),
        (dict(y_train=Y + 10**6), r"label 1,000,002 is out of range: .* with 18 images"),
        (dict(y_train=Y + 2**40), r"y_train has the label 1,099,511,627,778: out of range"),
        (dict(y_train=Y[:0]), r"y_train has the shape \(0,\)"),
        (dict(label_names=np.array(["a", "b"])), r"label 2 is out of range: label_names has 2"),
        (dict(label_names=np.array(["a", "b", "a"])), r"label_names: two classes are called 'a'"),
        (dict(label_names=np.arange(3)), r"label_names is int64 of shape \(3,\)"),
        (
            dict(label_names=np.array(["a", "b", None])),
            r"label_names is an array of Python objects",
        ),
    ],
)
def test_each_slip_has_its_own_error(saved, changes, said):
    with pytest.raises(UserError, match=said):
        read_npz(saved(**changes))


def test_files_that_are_none_are_refused(tmp_path):
    path = tmp_path / "a.npz"
    for content in (b"", b"no zip", b"PK\x03\x04 cut"):
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"a\.npz is not a file of NumPy arrays"):
            read_npz(path)


def damaged(header: str | None = None) -> bytes:
    """A file whose x_train has another header than data, or is cut."""
    array = io.BytesIO()
    np.save(array, X)
    content = array.getvalue()
    if header:
        content = content.replace(b"(12, 6, 5, 3)", header.encode().ljust(13)[:13])
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x_train.npy", content if header else content[:200])
        archive.writestr("y_train.npy", b"")
    return file.getvalue()


@pytest.mark.parametrize("header", [None, "(99, 6, 5, 3)", "(9999999999,)", "(10**15, 5)", "os"])
def test_damaged_arrays_are_named(tmp_path, header):
    path = tmp_path / "a.npz"
    path.write_bytes(damaged(header))
    with pytest.raises(UserError, match="x_train cannot be read"):
        read_npz(path)
