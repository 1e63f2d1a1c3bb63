import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kerastc.data import ImageData, hidden_labels, load_images, read_images
from kerastc.data.images.folder import read_folder
from kerastc.data.images.shapes import room_for
from kerastc.errors import UserError


def paint(path: Path, size=(8, 6), mode="RGB", seed: int | None = None, **options) -> np.ndarray:
    """Writes a random image of (width, height) and gives its pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    seed = sum(map(ord, str(path.name))) if seed is None else seed
    shape = (size[1], size[0]) + ((3,) if mode == "RGB" else ())
    pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    Image.fromarray(pixels).save(path, **options)
    return pixels


@pytest.fixture
def animals(tmp_path) -> Path:
    """Ten cats and ten dogs of 8 x 6 pixels."""
    for name in ("cat", "dog"):
        for i in range(10):
            paint(tmp_path / name / f"{name}{i}.png")
    return tmp_path


def test_the_folder_of_an_image_is_its_class(animals):
    source = read_folder(animals)
    assert source.test is None
    data = source.train
    assert data.classes == ("cat", "dog")
    assert data.examples.shape == (20, 6, 8, 3)
    assert sorted(data.names)[:2] == ["cat/cat0.png", "cat/cat1.png"]
    for name, label, image in zip(data.names, data.labels, data.examples, strict=True):
        assert name.startswith(data.classes[label])
        np.testing.assert_array_equal(image, np.asarray(Image.open(animals / name)))


def test_folders_that_read_alike_are_one_class_and_told(tmp_path):
    folders = {"train/caf\u00e9": 3, "train/cafe\u0301": 2, "train/dog": 4, "test/cafe\u0301": 1}
    folders |= {"test/dog\u200b": 1}
    for folder, count in folders.items():
        for i in range(count):
            paint(tmp_path / folder / f"{len(folder)}-{i}.png", seed=hash((folder, i)) % 2**32)
    source = read_folder(tmp_path)
    assert source.train.classes == source.test.classes == ("caf\u00e9", "dog")
    assert np.bincount(source.train.labels).tolist() == [5, 4]
    assert np.bincount(source.test.labels).tolist() == [1, 1]
    told = {name: count for name, count in source.train.notes.items() if "caf" in name}
    assert list(told.values()) in ([2], [3])


def test_the_order_is_always_the_same_and_tells_nothing_of_the_class(animals):
    labels = read_folder(animals).train.labels
    np.testing.assert_array_equal(labels, read_folder(animals).train.labels)
    assert 4 < (np.diff(labels) != 0).sum() < 19


def test_unlabelled_images_have_no_telling_names(animals):
    config = ImageData(data=str(animals), labelled=4, validation=2, test=2)
    splits = load_images(config)
    assert len(splits.unlabelled) == 12
    assert not any("cat" in name or "dog" in name for name in splits.unlabelled.names)
    assert np.bincount(hidden_labels(config, splits)).tolist() == [6, 6]
    assert splits.train.names[0].endswith(".png")


def test_an_official_test_part_is_a_folder_beside_train(tmp_path):
    for part, count in (("train", 6), ("test", 3)):
        for name in ("cat", "dog"):
            for i in range(count):
                paint(tmp_path / part / name / f"{part}{name}{i}.png")
    source = read_folder(tmp_path)
    assert (len(source.train), len(source.test)) == (12, 6)
    assert source.test.names[0].startswith("test/")
    assert len(read_images(str(tmp_path))) == 6
    (tmp_path / "test/dog").rename(tmp_path / "test/dgo")
    with pytest.raises(UserError, match=r"(?s)test has the class 'dgo'.*Did you mean 'dog'"):
        read_folder(tmp_path)


def test_images_of_several_sizes_are_brought_to_one(animals):
    pixels = paint(animals / "cat/large.png", (40, 20))
    data = read_folder(animals).train
    assert data.examples.shape == (21, 32, 32, 3)
    resized = Image.fromarray(pixels).resize((32, 32), Image.Resampling.BICUBIC)
    found = data.examples[data.names.tolist().index("cat/large.png")]
    np.testing.assert_array_equal(found, np.asarray(resized))
    assert read_folder(animals, (10, 12)).train.examples.shape == (21, 10, 12, 3)


def test_images_are_grey_where_all_are_so(tmp_path):
    for name in ("cat", "dog"):
        pixels = paint(tmp_path / name / f"{name}.png", mode="L")
    data = read_folder(tmp_path).train
    assert data.examples.shape == (2, 6, 8, 1)
    np.testing.assert_array_equal(data.examples[data.labels == 1][0, ..., 0], pixels)
    paint(tmp_path / "cat/colourful.png")
    data = read_folder(tmp_path).train
    assert data.examples.shape == (3, 6, 8, 3)
    np.testing.assert_array_equal(data.examples[data.labels == 1][0], np.stack([pixels] * 3, -1))


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_a_lying_photograph_is_turned_upright(tmp_path, ending):
    exif = Image.Exif()
    exif[0x0112] = 6  # the right side is up
    pixels = paint(tmp_path / f"cat/lying.{ending}", (6, 8), exif=exif)
    paint(tmp_path / "dog/upright.png", (8, 6))
    data = read_folder(tmp_path).train
    assert data.examples.shape == (2, 6, 8, 3)  # as upright all have one size
    np.testing.assert_array_equal(data.examples[data.labels == 0][0], np.rot90(pixels, -1))


@pytest.mark.parametrize("extension", ["jpg", "JPEG", "webp", "bmp", "gif", "tif", "ppm"])
def test_usual_formats_are_read(animals, extension):
    paint(animals / f"cat/other.{extension}")
    assert f"cat/other.{extension}" in read_folder(animals).train.names


def test_other_files_are_passed_over_and_counted(animals):
    (animals / "cat/notes.txt").write_text("cats")
    (animals / "cat/.hidden.png").write_bytes(b"")
    (animals / "dog/puppies/small").mkdir(parents=True)
    paint(animals / "dog/puppies/small/rex.png")
    paint(animals / "lost.png")
    (animals / "README").write_text("animals")
    (animals / ".cache").mkdir()
    source = read_folder(animals)
    assert len(source.train) == 21
    notes = {"files that are not images": 2, "hidden files": 1, "images in no class folder": 1}
    assert source.train.notes == notes
    splits = load_images(ImageData(data=str(animals), labelled=4))
    assert splits.as_dict()["notes"] == notes


def test_parts_beside_train_and_test_are_read_or_counted(animals, tmp_path_factory):
    root = tmp_path_factory.mktemp("parted")
    for part in ("train", "test", "val", "unlabelled/heap", "drafts"):
        shutil.copytree(animals, root / part)
    for number, part in enumerate(("train", "test", "val", "unlabelled/heap", "drafts")):
        for path in sorted((root / part).rglob("*.png")):
            paint(path, seed=100 * number + sum(map(ord, str(path))))
    source = read_folder(root)
    parts = (source.train, source.test, source.validation, source.unlabelled)
    assert [len(part) for part in parts] == [20, 20, 20, 20]
    assert source.train.notes == {"images in no class folder": 20}


def test_a_link_out_of_the_folder_is_not_followed(animals, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "cat.png"
    paint(elsewhere)
    (animals / "cat/link.png").symlink_to(elsewhere)
    assert read_folder(animals).train.notes == {"links out of the folder": 1}


def test_names_tell_which_folders_are_parts(animals, tmp_path_factory):
    root = tmp_path_factory.mktemp("parts")
    shutil.copytree(animals, root / "train")
    for picture in sorted((root / "train").rglob("*.png")):
        paint(picture, seed=len(str(picture)) * 7 + ord(picture.name[3]))
    shutil.copytree(animals / "cat", root / "Unlabeled")
    source = read_folder(root)  # no test part is needed
    assert (len(source.train), len(source.unlabelled), source.test) == (20, 10, None)
    shutil.copytree(animals, root / "extra" / "more")
    (root / "Unlabeled").rename(root / "unlabelled")
    assert read_folder(root).train.notes == {"images in no class folder": 20}
    shutil.copytree(animals, animals / "test")  # its folders are called like those beside it
    source = read_folder(animals)
    assert (source.train.classes, len(source.test)) == (("cat", "dog"), 20)
    shutil.rmtree(animals / "test/dog")
    (animals / "test/cat").rename(animals / "test/exam")
    assert read_folder(animals).train.classes == ("cat", "dog", "test")


def test_only_files_in_the_folder_are_opened(animals, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    paint(elsewhere / "cat.png")
    os.mkfifo(animals / "cat/pipe.png")  # whose reading would never end
    (animals / "dog/gone.png").symlink_to(animals / "nowhere.png")
    (animals / "dog/loop").symlink_to(animals / "dog")
    (animals / "again").symlink_to(animals)
    (animals / "bird").symlink_to(elsewhere)
    paint(animals / "dog/phone.heic.png").tofile(animals / "dog/phone.HEIC")
    source = read_folder(animals)
    assert (len(source.train), source.train.classes) == (21, ("cat", "dog"))
    assert source.train.notes == {
        "files that are not images": 1,
        "images in a format that is not read (.heic)": 1,
        "links out of the folder": 2,
        "links to folders": 2,
    }


def test_sixteen_bits_are_scaled_by_what_all_files_hold(tmp_path):
    for name, largest in (("cat", 4095), ("dog", 300)):
        for i in range(2):
            values = np.full((4, 4), largest - i, np.uint16)
            (tmp_path / name).mkdir(exist_ok=True)
            Image.fromarray(values).save(tmp_path / name / f"{i}.png")
    data = read_folder(tmp_path).train
    assert data.bits == 12
    assert data.notes == {"grey images of 16 bits, of which 12 are in use": 4}
    found = dict(zip(data.names, data.examples[:, 0, 0, 0].tolist(), strict=True))
    assert (found["cat/0.png"], found["dog/0.png"]) == (255, round(300 * 255 / 4095))
    (tmp_path / "cat").rename(tmp_path / "bird")
    assert read_images(str(tmp_path), (4, 4, 1), 12).examples.max() == 255
    with pytest.raises(UserError, match=r"(?s)2 images cannot be read.*bird/0.png: .* to 4,095"):
        read_images(str(tmp_path), (4, 4, 1), 10)


def test_images_that_show_nothing_are_counted(animals):
    for i, value in enumerate((0, 0, 1, 200)):
        Image.fromarray(np.full((6, 8, 3), value, np.uint8)).save(animals / f"cat/flat{i}.png")
    splits = load_images(ImageData(data=str(animals)))
    assert splits.as_dict()["notes"] == {"images all black": 3, "images of one colour only": 1}


def break_some(folder: Path) -> None:
    (folder / "cat/cat3.png").write_bytes(b"no image")
    whole = (folder / "dog/dog5.png").read_bytes()
    (folder / "dog/dog5.png").write_bytes(whole[: len(whole) // 2])


def test_unreadable_images_are_named_and_counted(animals):
    break_some(animals)
    with pytest.raises(UserError) as caught:
        read_folder(animals)
    assert "2 images cannot be read" in caught.value.message
    assert "cat/cat3.png is not an image." in caught.value.message
    assert "dog/dog5.png is a broken image: " in caught.value.message
    assert "skip_unreadable=true" in caught.value.hint


def test_unreadable_images_are_left_out_only_when_asked(animals):
    break_some(animals)
    data = load_images(ImageData(data=str(animals), labelled=4, skip_unreadable=True))
    assert data.train.notes == {"unreadable images left out": 2}
    assert sum(len(part) for part in (data.train, data.validation, data.test)) == 10
    assert len(data.unlabelled) == 8
    for file in animals.glob("*/*.png"):
        file.write_bytes(b"no image")
    with pytest.raises(UserError, match=r"(?s)20 images cannot be read.*and 15 more"):
        read_folder(animals, skip_unreadable=True)


def test_an_image_made_to_fill_the_memory_is_refused(animals, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    paint(animals / "cat/bomb.png", (60, 60))
    paint(animals / "dog/small_bomb.png", (40, 40))  # Pillow only warns below twice the limit
    with pytest.raises(UserError, match=r"(?s)2 images cannot be read.*bomb"):
        read_folder(animals)


def test_more_than_memory_holds_is_refused_before_it_is_asked_for():
    with pytest.raises(
        UserError, match=r"(?s)DIR: 50,000 images of 640 x 480 .*43 GiB.*image_size"
    ):
        room_for(50_000, (480, 640, 3), "DIR")


def test_folders_that_are_no_classes_are_refused(animals):
    (animals / "empty").mkdir()
    with pytest.raises(UserError, match="1 of 3 class folders have no image: 'empty'"):
        read_folder(animals)
    (animals / "empty").rmdir()
    with pytest.raises(UserError, match="cat has no class folders, but 10 images"):
        read_folder(animals / "cat")
    (animals / "dog").rename(animals / ".dog")
    with pytest.raises(UserError, match="one class folder only, 'cat'"):
        read_folder(animals)
