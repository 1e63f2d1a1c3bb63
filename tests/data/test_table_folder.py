"""Folders saved by `datasets`, and folders of Parquet files as the Hugging Face Hub has them."""

import json

import pyarrow as pa
import pytest
from pyarrow import parquet
from written_tables import saved, with_classes

from kerastc.data.tables.reading import Reading
from kerastc.data.tables.table_folder import part_location
from kerastc.data.texts.text_file import read_texts, unlabelled_texts
from kerastc.data.texts.text_parts import TextParts, split_texts
from kerastc.errors import UserError

NAMES = ["no", "yes"]
WORDS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta")


def rows(part, count):
    texts = [f"{part} {WORDS[n % 8]} {WORDS[n // 8]} {n}" for n in range(count)]
    return pa.table({"text": texts, "label": pa.array([n % 2 for n in range(count)])})


@pytest.fixture
def parted(tmp_path):
    """A folder with parts, as `DatasetDict.save_to_disk` writes it."""
    folder = tmp_path / "parted"
    for part, count in (("train", 40), ("validation", 6), ("test", 8), ("unsupervised", 4)):
        saved(folder / part, [rows(part, count)], NAMES)
    (folder / "dataset_dict.json").write_text(
        json.dumps({"splits": ["train", "validation", "test", "unsupervised"]})
    )
    return folder


@pytest.fixture
def hub(tmp_path):
    """A folder of Parquet files, as the Hub has them."""
    folder = tmp_path / "hub"
    (folder / "data").mkdir(parents=True)
    (folder / "README.md").write_text("# A data set")
    for part, count in (("train", 2), ("test", 1)):
        for i in range(count):
            table = with_classes(rows(f"{part} {i}", 20), NAMES)
            parquet.write_table(table, folder / "data" / f"{part}-{i:05d}-of-{count:05d}.parquet")
    return folder


def test_a_saved_data_set_is_read_in_the_order_of_its_files(tmp_path):
    data = read_texts(saved(tmp_path / "one", [rows("a", 3), rows("b", 4)], NAMES))
    assert (
        list(data.examples) == rows("a", 3)["text"].to_pylist() + rows("b", 4)["text"].to_pylist()
    )
    assert data.classes == ("no", "yes") and data.parts == {}


def test_parts_are_taken_as_they_are(parted):
    data = read_texts(parted)
    assert "part train of train, validation, test, unsupervised" in data.source
    splits = split_texts(data, TextParts(), read_texts, 0)
    assert [len(part) for part in (splits.train, splits.validation, splits.test)] == [40, 6, 8]
    assert splits.sources["test"]["source"].startswith("parted/test")
    drawn = split_texts(data, TextParts(test_fraction=0.2), read_texts, 0)
    assert [len(part) for part in (drawn.train, drawn.validation, drawn.test)] == [32, 6, 8]
    assert all(text.startswith("train") for text in drawn.test.examples)


def test_a_folder_with_parts_can_be_named_for_each_of_them(parted, hub):
    data = read_texts(hub)
    assert len(data) == 40 and data.parts == {"test": str(hub / "data/test-00000-of-00001.parquet")}
    splits = split_texts(data, TextParts(validation=str(parted), test=str(parted)), read_texts, 0)
    assert len(splits.validation) == 6 and len(splits.test) == 8
    assert splits.validation.examples[0].startswith("validation")
    with pytest.raises(UserError, match="parts train, test; none is for validation"):
        part_location(hub, "validation")


def test_texts_to_predict_are_those_of_the_test_part(parted, hub):
    texts, origin = unlabelled_texts(parted, Reading())
    assert len(texts) == 8 and origin == f"column text (guessed) of {parted / 'test'}"
    assert len(unlabelled_texts(hub, Reading())[0]) == 20
    pattern = str(hub / "data" / "train-*.parquet")
    assert len(unlabelled_texts(pattern, Reading())[0]) == 40


def test_a_part_without_labels_is_told_with_the_way_out(parted):
    table = rows("test", 4).set_column(1, "label", pa.array([-1] * 4))
    (parted / "test").rename(parted.parent / "old")
    saved(parted / "test", [table], NAMES)
    with pytest.raises(UserError, match=r"4 empty labels(?s:.*)test_fraction=0.15"):
        split_texts(read_texts(parted), TextParts(), read_texts, 0)


@pytest.mark.parametrize("names", [["0000", "0001"], ["part-00000-ab.snappy", "part-00001-ab"]])
def test_parquet_files_without_parts_are_one_table(tmp_path, names):
    for name in names:
        parquet.write_table(rows(name, 4), tmp_path / f"{name}.parquet")
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / ".part.parquet").write_text("hidden")
    assert len(read_texts(tmp_path)) == 8


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        (["imdb-train", "imdb-test"], {"train": 4, "test": 4}),
        (["train_1", "train_2", "dev"], {"train": 8, "validation": 4}),
        (["Train-00000-of-00001-a09b74b3ef9c3b56", "TEST"], {"train": 4, "test": 4}),
        (["train", "dev", "valid"], None),
        (["news", "reviews"], None),
    ],
)
def test_names_tell_parts_or_the_folder_is_refused(tmp_path, names, parts):
    for name in names:
        parquet.write_table(rows(name, 4), tmp_path / f"{name}.parquet")
    if parts is None:
        with pytest.raises(UserError, match=r"Give (one|a folder)"):
            read_texts(tmp_path)
        return
    sizes = {part: len(read_texts(part_location(tmp_path, part))) for part in parts}
    assert sizes == parts
    assert set(read_texts(tmp_path).parts) == set(parts) - {"train"}


def test_parts_may_be_folders(tmp_path):
    for part in ("train", "test"):
        (tmp_path / "default" / part).mkdir(parents=True)
        for i in range(2):
            parquet.write_table(rows(part, 4), tmp_path / "default" / part / f"{i:04d}.parquet")
    data = read_texts(tmp_path)
    assert len(data) == 8 and data.parts == {"test": str(tmp_path / "default" / "test")}


def _without_a_file(folder):
    (folder / "data/train-00000-of-00002.parquet").unlink()


def _of_other_columns(folder):
    other = pa.table({"headline": ["a"], "label": [1]})
    parquet.write_table(other, folder / "data/train-00001-of-00002.parquet")


def _of_other_classes(folder):
    other = with_classes(rows("a", 4), NAMES[::-1])
    parquet.write_table(other, folder / "data/train-00001-of-00002.parquet")


def _of_two_data_sets(folder):
    (folder / "en").mkdir()
    parquet.write_table(rows("a", 2), folder / "en/train.parquet")


def _of_no_table(folder):
    for path in (folder / "data").iterdir():
        path.unlink()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_without_a_file, "1 of the 2 files of train missing"),
        (_of_other_columns, "other columns"),
        (_of_other_classes, "numbers its classes otherwise"),
        (_of_two_data_sets, "several data sets(?s:.*)Give one"),
        (_of_no_table, "is a folder; a table is needed. It holds README.md, data"),
    ],
)
def test_a_folder_that_is_not_whole_is_refused(hub, change, told):
    change(hub)
    with pytest.raises(UserError, match=told):
        read_texts(hub)


def test_one_of_several_files_says_so(hub):
    data = read_texts(hub / "data/train-00000-of-00002.parquet")
    assert "(one of 2 files)" in data.source


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("[", "damaged"),
        ("[]", "damaged"),
        ("{}", "no list of data files"),
        ('{"_data_files": [{"filename": "../other/data.arrow"}]}', "not a file or folder next"),
        ('{"_data_files": [{"filename": "gone.arrow"}]}', "lacks gone.arrow"),
        ('{"_data_files": [7]}', "not a file or folder next"),
        ('{"_data_files": [], "_indices_files": [{"filename": "i.arrow"}]}', "flatten_indices"),
        ('{"_data_files": []}', "holds no rows"),
    ],
)
def test_a_damaged_description_is_told(tmp_path, state, told):
    folder = saved(tmp_path / "one", [rows("a", 3)], NAMES)
    (folder / "state.json").write_text(state)
    with pytest.raises(UserError, match=told):
        read_texts(folder)


@pytest.mark.parametrize("splits", ['["train", ".."]', '["/etc"]', '"train"', "[]", "[7]"])
def test_names_of_parts_never_lead_elsewhere(parted, splits):
    (parted / "dataset_dict.json").write_text(f'{{"splits": {splits}}}')
    with pytest.raises(UserError, match=r"not a file or folder next|no list of splits"):
        read_texts(parted)
