import csv
import gzip
import random
from pathlib import Path

import pytest
from damage import damage, kinds
from rfc4180 import decoded

from kerastc.data import CategoryRules
from kerastc.data.tables.plain_file import PlainFile
from kerastc.errors import UserError

HEADLINES = Path(__file__).parents[3] / "shared/data/headlines/ireland_news_2021.csv.gz"
TOP_LEVELS = {"news", "sport", "business", "lifestyle", "culture", "opinion"}


@pytest.fixture
def rules(tmp_path):
    def rules(text: str) -> CategoryRules:
        path = tmp_path / "mine.categories"
        path.write_text(text, encoding="utf-8")
        return CategoryRules.read(path)

    return rules


def test_the_first_rule_that_fits_decides(rules):
    mine = rules("# mine\nnews.world.* = world  # all of it\n\nnews.* = home\n*.Fútbol = sport\n")
    assert mine.primary("news.world.us.elections") == "world"
    assert mine.primary("news.ireland") == "home"
    assert mine.primary("News.World.UK") == "world"
    assert mine.primary("a.fútbol") == "sport"


def test_a_primary_category_stays_one_unless_a_rule_names_it(rules):
    mine = rules("news.* = News\nopinion.* = opinion\nopinion = News\n")
    assert mine.primary("news") == "News"
    assert mine.primary("opinion") == "News"


def test_a_category_that_no_rule_names_has_none(rules):
    assert rules("news.* = news").primary("newsletter") is None


def test_the_packaged_rules_map_dotted_categories_by_their_top_level():
    packaged = CategoryRules.read("irish_times")
    for top in TOP_LEVELS:
        assert packaged.primary(top) == packaged.primary(f"{top}.a.b-c") == top
    assert packaged.primary("weather.tides") is None


@pytest.mark.skipif(not HEADLINES.exists(), reason=f"{HEADLINES} is absent")
def test_the_packaged_rules_map_every_real_category():
    packaged = CategoryRules.read("irish_times")
    with gzip.open(HEADLINES, "rt", encoding="utf-8", newline="") as file:
        written = {row["headline_category"] for row in csv.DictReader(file)}
    assert len(written) == 90
    assert all(packaged.primary(name) == name.split(".")[0] for name in written)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = b\nnews.*\n", ["line 2", "'news.*' is not a rule", "PATTERN = PRIMARY"]),
        ("= news\n", ["line 1", "is not a rule"]),
        ("news.* =\n", ["line 1", "is not a rule"]),
        ("News.* = a\nb = c\nnews.* = d\n", ["line 3", "'news.*'", "never fit"]),
        ("# nothing\n", ["holds no rules"]),
    ],
)
def test_a_bad_rule_is_named_with_its_line(rules, text, said):
    with pytest.raises(UserError) as error:
        rules(text)
    for part in ["mine.categories", *said]:
        assert part in str(error.value)


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(UserError, match="Did you mean 'irish_times'"):
        CategoryRules.read("irish_time")


def test_every_line_of_a_damaged_file_is_a_rule_or_the_file_is_refused(tmp_path):
    path, read = tmp_path / "mine.categories", 0
    lines = ["# mine", "news.* = news", "", "sport = sport  # all", "*.Fútbol = sport", "a[b = c"]
    for seed in range(200):
        draw = random.Random(seed)
        some = draw.sample(lines, draw.randint(1, 6))
        path.write_text("".join(f"{line}\n" for line in some), encoding="utf-8")
        if draw.random() < 0.7:
            damage(path, draw.choice(list(kinds(path))), seed)
        try:
            rules = CategoryRules.read(path)
        except UserError as error:
            assert str(path) in error.message
            continue
        finally:
            path.rmdir() if path.is_dir() else None
        ruled = [
            line for line in decoded(PlainFile.at(path)).split("\n") if line.split("#")[0].strip()
        ]
        assert len(rules.rules) == len(ruled)
        assert rules.primary("news.a") in {None, *(primary for _, primary in rules.rules)}
        read += 1
    assert 50 < read < 150
