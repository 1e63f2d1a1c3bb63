"""Validation and test rows of their own mean the same in every recipe; nothing is trained here."""

import csv
import json

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from kerastc import launch, recipe, settings
from kerastc.errors import UserError
from kerastc.run import Run

NAMES = ("validation", "test", "validation_fraction", "test_fraction")
# With parts that come with the method, the packages or a corpus.
WITHOUT = {"compress-headlines", "distil-encoder", "docstrings", "language-model"}
CATEGORIES = ("cs.AI", "cs.FL", "cs.DS")


def loaded(name, folder, *words):
    """The splits of a recipe and what data.json says of them."""
    module = recipe.find(name).load()
    config = settings.configure(module.Config, words)
    run = Run.create(folder, {"recipe": name, "config": {}}, folder.parent / "cache")
    splits = launch.read_data(module, config, run)
    return splits, run.read_json("data.json")


def words(number: int) -> str:
    """A text unlike all others."""
    return " ".join(map(str, np.random.default_rng(number).integers(10**6, size=6)))


def write(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path


def news(path, numbers, more=()):
    rows = [
        (20210100 + number % 28 + 1, f"{'news' if number % 2 else 'sport'}.ireland", words(number))
        for number in numbers
    ]
    return write(path, [("publish_date", "headline_category", "headline_text"), *rows, *more])


def papers(path, numbers, more=()):
    rows = [
        (f"2001.{number:05d}", CATEGORIES[number % 3], CATEGORIES[number % 3], "T", words(number))
        for number in numbers
    ]
    return write(
        path, [("arxiv_id", "primary_cat", "categories", "title", "abstract"), *rows, *more]
    )


@pytest.mark.parametrize("name", [r.name for r in recipe.all_recipes() if r.name not in WITHOUT])
def test_the_settings_of_parts_are_those_of_every_recipe(name):
    config = recipe.find(name).load().Config
    known = {field.key: field for field in settings.fields(config)}
    assert set(NAMES) <= set(known)
    assert all(known[part].location for part in NAMES[:2])  # they move with the run
    given = ["data=digits"] if known["data"].required else []
    for part in NAMES[:2]:
        for share in ("0.1", "10%"):
            with pytest.raises(UserError, match=f"write {part}_fraction=0.1"):
                settings.configure(config, [*given, f"{part}={share}"])
        with pytest.raises(UserError, match="give only one"):
            settings.configure(config, [*given, f"{part}=5", f"{part}_fraction=0.1"])
        assert getattr(settings.configure(config, [*given, f"{part}=5"]), part) == 5


def test_headlines_of_their_own_are_cleaned_by_the_same_rules(tmp_path):
    data = news(tmp_path / "data.csv", range(40), [(20210101, "sport.x", words(100))])
    dev = news(tmp_path / "dev.csv", range(200, 206), [(20210101, "weather.never", "rope")])
    test = news(
        tmp_path / "test.csv",
        range(100, 110),
        [(20210102, "sport", ""), (20210101, "sport.ireland", words(100).replace(" ", ", "))],
    )
    parts = (f"data={data}", f"validation={dev}", f"test={test}")
    splits, described = loaded("headlines", tmp_path / "run", *parts)
    assert [len(splits.train), len(splits.validation), len(splits.test)] == [40, 6, 10]
    assert sorted(splits.train.examples) == sorted(words(number) for number in range(40))
    notes = described["notes"]
    assert notes["rows in the file"] == 41 + 7 + 12
    assert notes["rejected: unmapped category"] == 1
    assert notes["rejected: empty text"] == 1
    assert notes["rejected: duplicate of an earlier row"] == 1
    assert notes["train rows left out as equal or nearly equal to test rows"] == 1
    assert set(described["sources"]) == {"train", "validation", "test"}
    assert sum(described["exploration"]["years"]["2021"].values()) == 57


def test_headlines_of_their_own_leave_the_other_part_to_be_drawn(tmp_path):
    data = news(tmp_path / "data.csv", range(40))
    test = news(tmp_path / "test.csv", range(100, 110))
    splits, _ = loaded("headlines", tmp_path / "run", f"data={data}", f"test={test}")
    assert [len(splits.train), len(splits.validation), len(splits.test)] == [38, 2, 10]


def test_a_split_by_date_leaves_no_room_for_files(tmp_path):
    data = news(tmp_path / "data.csv", range(40))
    test = news(tmp_path / "test.csv", range(100, 110))
    given = (f"data={data}", f"test={test}", "split_by=date")
    with pytest.raises(UserError, match="cannot be given with it"):
        loaded("headlines", tmp_path / "run", *given)


def test_abstracts_of_their_own_are_all_taken_and_read_alike(tmp_path):
    data = papers(tmp_path / "data.csv", range(1620))
    other = ("2001.09999", "hep-th", "hep-th", "T", words(9999))
    empty = ("2001.09998", "cs.AI", "cs.AI", "T", " ")
    test = papers(tmp_path / "test.csv", [*range(9), *range(5000, 5020)], [other, empty])
    given = (f"data={data}", f"test={test}", "max_characters=20")
    splits, described = loaded("arxiv", tmp_path / "run", *given)
    assert len(splits.test) == 29
    assert max(map(len, splits.test.examples)) <= 20
    # 9 of 1,620 are in the test file; of the rest 15 % of each class.
    assert len(splits.train) + len(splits.validation) == 1611
    assert len(splits.validation) == 242
    notes = described["notes"]
    assert notes["train rows left out as equal or nearly equal to test rows"] == 9
    assert (notes["papers"], notes["other_category"], notes["no_abstract"]) == (1651, 1, 1)


def test_abstracts_that_are_none_are_refused_by_their_columns(tmp_path):
    data = papers(tmp_path / "data.csv", range(1620))
    test = write(tmp_path / "test.csv", [("label", "words"), ("cs.AI", "a text")])
    with pytest.raises(UserError, match="no arxiv_id and no title"):
        loaded("arxiv", tmp_path / "run", f"data={data}", f"test={test}")
    test = papers(tmp_path / "other.csv", [], [("1", "hep-th", "hep-th", "T", "A text.")])
    with pytest.raises(UserError, match="none of 1 papers gives a text in the classes AI"):
        loaded("arxiv", tmp_path / "other", f"data={data}", f"test={test}")


def test_a_number_of_texts_is_drawn_as_of_images(tmp_path):
    rows = [("text", "label"), *((words(number), "ab"[number % 2]) for number in range(40))]
    data = write(tmp_path / "data.csv", rows)
    splits, _ = loaded("text", tmp_path / "run", f"data={data}", "validation=6", "test=4")
    assert [len(splits.train), len(splits.validation), len(splits.test)] == [30, 6, 4]
    with pytest.raises(UserError, match=r"validation=30 and test=10: .* 40 rows"):
        loaded("text", tmp_path / "no", f"data={data}", "validation=30", "test=10")


def test_a_share_that_an_older_run_has_is_told_what_it_is_called_now():
    config = recipe.find("headlines").load().Config
    with pytest.raises(UserError, match=r"write validation_fraction=0\.05"):
        settings.validate(config, {"data": "digits", "validation": 0.05})
    assert json.loads(config(data="x").model_dump_json())["validation"] == ""


@pytest.mark.parametrize("name", ["text", "headlines"])
def test_the_parts_of_a_folder_are_taken_as_they_are(tmp_path, name):
    folder = tmp_path / "parted"
    folder.mkdir()
    for part, numbers in (
        ("train", range(60)),
        ("validation", range(60, 68)),
        ("test", range(70, 80)),
    ):
        rows = [
            {"text": words(number), "label": "news" if number % 2 else "sport"}
            for number in numbers
        ]
        parquet.write_table(pa.Table.from_pylist(rows), folder / f"{part}-00000-of-00001.parquet")
    rules = ["categories=none"] if name == "headlines" else []
    splits, described = loaded(name, tmp_path / "run", f"data={folder}", *rules)
    assert [len(part) for part in (splits.train, splits.validation, splits.test)] == [60, 8, 10]
    assert "test-00000-of-00001.parquet" in described["sources"]["test"]["source"]
    splits, _ = loaded(name, tmp_path / "drawn", f"data={folder}", *rules, "test=12")
    assert [len(part) for part in (splits.train, splits.validation, splits.test)] == [48, 8, 12]
