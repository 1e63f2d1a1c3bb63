"""Photographs stay in their files: class folders, tables of paths, damaged and foreign files."""

import gc
import os
import tracemalloc
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from PIL import Image

from kerastc.data import PhotoData, load_images, load_photos, read_photos
from kerastc.data.images.data import ImageData
from kerastc.data.images.duplicates import equal_groups
from kerastc.data.images.images import blank_images
from kerastc.data.images.near_images import near_copies
from kerastc.data.images.stored import StoredImages, joined
from kerastc.errors import UserError
from kerastc.images.decoding import EDGE

SHAPE = (32, 32, 3)


def paint(path: Path, size=(48, 40), seed: int | None = None, **options) -> Path:
    """Writes a smooth random image of (width, height)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(crc32(path.name.encode()) if seed is None else seed)
    coarse = Image.fromarray(random.integers(0, 256, (5, 6, 3), dtype=np.uint8))
    coarse.resize(size, Image.Resampling.BICUBIC).save(path, **options)
    return path


@pytest.fixture
def animals(tmp_path) -> Path:
    """Ten cats and ten dogs of 48 x 40 pixels."""
    for name in ("cat", "dog"):
        for i in range(10):
            paint(tmp_path / name / f"{name}{i}.png")
    return tmp_path


@pytest.fixture
def listed(tmp_path) -> Path:
    """A table of four cats and four dogs; two of its images have no row, one no label."""
    rows = ["path,label"]
    for i in range(10):
        paint(tmp_path / "all" / f"{i}.jpg", seed=i)
        label = "" if i == 7 else ("cat", "dog")[i % 2]
        rows += [f"all/{i}.jpg,{label}"] * (i < 8)
    (tmp_path / "labels.csv").write_text("\n".join([*rows, "all/8.jpg,dog"]) + "\n")
    return tmp_path


def config(data, **more) -> PhotoData:
    return PhotoData(data=str(data), image_size=32, **more)


def test_images_are_read_when_asked_for_and_as_elsewhere(animals):
    stretched = load_photos(config(animals, fit="stretch", seed=3))
    whole = load_images(ImageData(data=str(animals), image_size=32, seed=3))
    assert isinstance(stretched.train.examples, StoredImages)
    assert stretched.train.examples.shape == (len(stretched.train), *SHAPE)

    def by_name(part):
        return dict(zip(part.names, part.examples[:], strict=True))

    found, wanted = ({}, {})
    for part in ("train", "validation", "test"):
        found |= by_name(getattr(stretched, part))
        wanted |= by_name(getattr(whole, part))
    assert found.keys() == wanted.keys() and len(found) == 20
    for name, image in found.items():
        np.testing.assert_array_equal(image, wanted[name])


def test_the_aspect_is_kept_and_exif_obeyed(tmp_path):
    wide = np.zeros((40, 80, 3), np.uint8)
    wide[:, 20:60] = 200  # the middle square
    wide[:20, 20:60] = 100
    exif = Image.Exif()
    exif[0x0112] = 6  # lying: to be turned by 90 degrees to the right
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        Image.fromarray(wide).save(tmp_path / name / "plain.png")
        Image.fromarray(wide).save(tmp_path / name / "lying.png", exif=exif)
    for fit in ("crop", "pad"):
        train = read_photos(tmp_path, SHAPE, fit).train
        for name, image in zip(train.names, train.examples[:], strict=True):
            check_fit(fit, np.rot90(image) if "lying" in name else image)


def check_fit(fit: str, upright: np.ndarray) -> None:
    if fit == "pad":  # 32 x 16 pixels, between lines of grey
        assert (upright[:8] == EDGE).all() and (upright[24:] == EDGE).all()
        assert (upright[8:24, :6] <= 3).all() and (upright[8:24, 26:] <= 3).all()
        assert (upright[10:14, 10:22] == 100).all() and (upright[18:22, 10:22] == 200).all()
    else:
        assert (upright[2:14, 2:30] == 100).all() and (upright[18:30, 2:30] == 200).all()


def test_rows_are_taken_unread_and_read_in_their_order(animals):
    images = read_photos(animals, SHAPE).train.examples
    rows = np.array([7, 2, 2, 11])
    taken = images.taken(rows)
    for path in animals.glob("cat/*"):
        os.utime(path)
    np.testing.assert_array_equal(taken[:], images[rows])
    np.testing.assert_array_equal(taken[-1], images[11])
    np.testing.assert_array_equal(taken[1:3], images[[2, 2]])
    np.testing.assert_array_equal(images[np.arange(20) == 7][0], images[7])


def test_what_is_known_of_files_is_what_their_pixels_say(animals):
    Image.new("RGB", (40, 40)).save(animals / "cat/black.png")
    Image.new("RGB", (40, 40), "red").save(animals / "dog/red.png")
    paint(animals / "cat/again.png", seed=5)
    paint(animals / "dog/again.png", seed=5)
    stored = read_photos(animals, SHAPE).train.examples
    pixels = stored[:]
    blank = {"images all black": 1, "images of one colour only": 1}
    assert blank_images(stored) == blank_images(pixels) == blank
    [groups] = equal_groups(stored)
    np.testing.assert_array_equal(groups, equal_groups(pixels)[0])
    assert len(np.unique(groups)) == len(stored) - 1
    both = equal_groups(stored, pixels[:5])
    np.testing.assert_array_equal(both[0][:5], both[1])
    near = near_copies(stored, stored.taken(np.arange(8)))
    np.testing.assert_array_equal(near, near_copies(pixels, pixels[:8]))


def test_arrays_join_images_in_files(animals):
    stored = read_photos(animals, SHAPE).train.examples
    others = np.random.default_rng(0).integers(0, 256, (3, *SHAPE), dtype=np.uint8)
    both = joined(stored, others)
    assert both.shape == (23, *SHAPE)
    np.testing.assert_array_equal(both[20:], others)
    np.testing.assert_array_equal(both[[22, 4]], [others[2], stored[4]])


def test_the_splits_do_not_depend_on_the_place_of_the_folder(animals, tmp_path_factory):
    moved = tmp_path_factory.mktemp("moved") / "photos"
    first = load_photos(config(animals))
    animals.rename(moved)
    second = load_photos(config(moved))
    assert first.fingerprint == second.fingerprint
    np.testing.assert_array_equal(first.train.names, second.train.names)
    np.testing.assert_array_equal(second.test.examples[:].shape[1:], SHAPE)


def test_another_picture_is_another_fingerprint(animals):
    first = load_photos(config(animals)).fingerprint
    paint(animals / "cat/cat3.png", seed=1)
    assert load_photos(config(animals)).fingerprint != first


def test_images_without_labels_come_from_their_folder(animals, tmp_path_factory):
    for i in range(3):
        paint(animals / "unlabelled" / "deep" / f"x{i}.png")
    assert len(load_photos(config(animals)).unlabelled) == 3
    other = tmp_path_factory.mktemp("more")
    paint(other / "y.png", seed=1)
    splits = load_photos(config(animals, unlabelled=str(other)))
    assert splits.unlabelled.examples[:].shape == (1, *SHAPE)


def test_parts_with_folders_of_their_own_have_the_training_classes(animals, tmp_path_factory):
    other = tmp_path_factory.mktemp("others")
    for i, name in enumerate(("dog", "cat", "dog")):
        paint(other / name / f"new{i}.png")
    splits = load_photos(config(animals, test=str(other), validation=4))
    assert sorted(splits.test.names) == ["cat/new1.png", "dog/new0.png", "dog/new2.png"]
    assert splits.test.classes == ("cat", "dog")
    assert len(splits.train) == 16


def test_a_table_lists_images_and_all_others_have_no_label(listed):
    source = read_photos(listed, SHAPE)
    assert source.train.classes == ("cat", "dog")
    label_of = dict(zip(source.train.names, source.train.labels.tolist(), strict=True))
    assert label_of == {f"all/{i}.jpg": i % 2 for i in range(7)} | {"all/8.jpg": 1}
    assert sorted(source.unlabelled.names) == ["all/7.jpg", "all/9.jpg"]
    named = read_photos(listed / "labels.csv", SHAPE)
    assert named.fingerprint == source.fingerprint


def test_columns_of_a_table_may_be_named_and_rows_repeat(listed):
    text = (listed / "labels.csv").read_text().replace("path,label", "where,what")
    (listed / "labels.csv").write_text(text + "all/0.jpg,cat\n")
    with pytest.raises(UserError, match="usual name for the images"):
        read_photos(listed / "labels.csv", SHAPE)
    source = read_photos(listed / "labels.csv", SHAPE, image="where", label="what")
    assert len(source.train) == 8
    assert source.train.notes == {"rows that name an image again, with the same label": 1}


def test_a_table_beside_class_folders_that_lists_no_images_is_none(animals):
    (animals / "weather.csv").write_text("name,label\nMonday,rain\n")
    assert read_photos(animals, SHAPE).train.classes == ("cat", "dog")


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("../outside.jpg,cat", "no path inside"),
        ("all/../../outside.jpg,cat", "no path inside"),
        ("{outside},cat", "no path inside"),
        (",cat", "no path inside"),
        ("link.jpg,cat", "leads out of"),
        ("all/missing.jpg,cat", "no file"),
        ("all,cat", "no file"),
        ("labels.csv,cat", "no image by its name"),
        ("all/0.jpg,dog", "'dog', and in a row before 'cat'"),
    ],
)
def test_rows_that_cannot_be_taken_are_refused_with_their_line(listed, row, told):
    outside = paint(listed.parent / "outside.jpg")
    (listed / "link.jpg").symlink_to(outside)
    with (listed / "labels.csv").open("a") as file:
        file.write(row.replace("{outside}", str(outside)) + "\n")
    with pytest.raises(UserError) as caught:
        read_photos(listed, SHAPE)
    assert "labels.csv, line 11: " in caught.value.message
    assert told in caught.value.message


def test_a_table_of_one_class_is_refused(listed):
    (listed / "labels.csv").write_text("path,label\nall/0.jpg,cat\nall/1.jpg,cat\n")
    with pytest.raises(UserError, match="two are needed"):
        read_photos(listed, SHAPE)


def damage(folder: Path) -> None:
    (folder / "cat/cat3.jpg").write_text("a text")
    whole = paint(folder / "dog/dog99.jpg").read_bytes()
    (folder / "dog/dog99.jpg").write_bytes(whole[: len(whole) // 2])


def test_damaged_images_are_named_and_counted(animals):
    damage(animals)
    with pytest.raises(UserError) as caught:
        read_photos(animals, SHAPE)
    assert "2 images cannot be read" in caught.value.message
    assert "cat/cat3.jpg is not an image." in caught.value.message
    assert "dog/dog99.jpg is a broken image: " in caught.value.message
    train = read_photos(animals, SHAPE, skip_unreadable=True).train
    assert len(train) == 20
    assert train.notes == {"unreadable images left out (cat/cat3.jpg, dog/dog99.jpg)": 2}


def test_an_image_made_to_fill_the_memory_is_refused(animals, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 2000)
    paint(animals / "cat/huge.png", (50, 50))
    with pytest.raises(UserError, match=r"(?s)1 images cannot be read.*huge.*more than 2,000"):
        read_photos(animals, SHAPE)


def test_a_file_that_goes_after_it_was_looked_at_is_named(animals):
    images = read_photos(animals, SHAPE).train
    (animals / images.names[4]).unlink()
    images.examples[:4]
    with pytest.raises(UserError, match=f"no file .*{images.names[4]}"):
        images.examples[:]


def test_memory_does_not_grow_with_the_images(tmp_path):
    """400 links to 8 images: as pixels of side 160 they would take 31 MB."""
    for name in ("cat", "dog"):
        for i in range(4):
            paint(tmp_path / name / f"{i}.jpg", (64, 64))
        for i in range(196):
            (tmp_path / name / f"copy{i}.jpg").hardlink_to(tmp_path / name / f"{i % 4}.jpg")
    gc.collect()
    tracemalloc.start()
    try:
        images = read_photos(tmp_path, (160, 160, 3)).train.examples
        for start in range(0, len(images), 50):
            images[start : start + 50]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(images) == 400
    assert peak < 12e6
