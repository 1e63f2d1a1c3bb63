import json
import tracemalloc
from itertools import combinations

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerastc.data.texts import near_pairs as module
from kerastc.data.texts.duplicates import find_duplicates, normal_text
from kerastc.data.texts.near_pairs import near_pairs
from kerastc.data.texts.texts import LabelledTexts
from kerastc.errors import UserError


def labelled(*rows: tuple[str, str]) -> LabelledTexts:
    return LabelledTexts.of(*zip(*rows, strict=True), "a test")


def five_grams(text: str) -> set[str]:
    text = text.ljust(5)
    return {text[i : i + 5] for i in range(len(text) - 4)}


def brute_force(texts: list[str], similarity: float) -> list[tuple[int, int]]:
    sets = [five_grams(text) for text in texts]
    return [
        (i, j)
        for i, j in combinations(range(len(texts)), 2)
        if len(sets[i] & sets[j]) / len(sets[i] | sets[j]) >= similarity
    ]


@st.composite
def families(draw):
    """Texts, each with versions that differ by a few edits, so that all similarities occur."""
    texts = []
    for base in draw(st.lists(st.text("abcאב é", min_size=0, max_size=80), min_size=1, max_size=4)):
        texts.append(base)
        for _ in range(draw(st.integers(0, 4))):
            at = draw(st.integers(0, len(base)))
            base = base[:at] + draw(st.text("abcx ", max_size=2)) + base[at + 1 :]
            texts.append(base)
    return sorted(set(texts), key=texts.index)


@settings(max_examples=200)
@given(families(), st.sampled_from([0.3, 0.5, 0.75, 0.8, 0.9, 1.0]))
def test_the_pairs_are_those_of_all_comparisons(texts, similarity):
    assert near_pairs(texts, similarity).tolist() == [*map(list, brute_force(texts, similarity))]


def test_the_pairs_do_not_depend_on_the_size_of_the_chunks(monkeypatch):
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list("abcd "), 60)) for _ in range(40)]
    texts += [text[:k] + "x" + text[k + 1 :] for k, text in enumerate(texts)]
    expected = brute_force(texts, 0.75)
    assert len(expected) >= 40
    for chunk in (1, 100, 1000):
        monkeypatch.setattr(module, "CHUNK", chunk)
        assert near_pairs(texts, 0.75).tolist() == [*map(list, expected)]
    monkeypatch.setattr(module, "MAX_TEXTS", 3)
    assert near_pairs(texts, 0.75).tolist() == [*map(list, expected)]


@settings(max_examples=100)
@given(families(), st.sampled_from([0.5, 0.9]))
def test_groups_are_the_connected_components(texts, similarity):
    data = labelled(*[(text, "x") for text in texts])
    normal = [normal_text(text) for text in texts]
    graph = networkx.Graph()
    graph.add_nodes_from(range(len(texts)))
    graph.add_edges_from(brute_force(normal, similarity))  # equal texts have a similarity of 1
    found = find_duplicates(data, similarity)
    expected = sorted(map(sorted, networkx.connected_components(graph)))
    groups = [np.flatnonzero(found.groups == g).tolist() for g in range(len(expected))]
    assert groups == expected  # also numbered in the order of first appearance
    assert found.exact + found.near == len(texts) - len(expected)
    assert found.exact == len(texts) - len(set(normal))


def test_case_punctuation_and_white_space_do_not_tell_texts_apart():
    assert normal_text("  “Don't PANIC” —\tnow! ") == "don t panic now"
    assert normal_text("STRASSE") == normal_text("Straße")
    assert normal_text("Cafe\u0301") == normal_text("Café")
    assert normal_text("5 < 6") != normal_text("5 > 6")
    assert normal_text("?!") == "?!" != normal_text("...")


LONG = "The committee published the report on the harbour after a long delay in the city council"


def test_counts_and_conflicts():
    data = labelled(
        ("Oil price drops", "business"),
        ("oil price drops!", "news"),
        ("Something else entirely", "news"),
        (LONG, "news"),
        (LONG + "s", "news"),
        ("Oil price drops", "business"),
    )
    found = find_duplicates(data)
    assert found.groups.tolist() == [0, 0, 1, 2, 2, 0]
    assert (found.exact, found.near, found.conflicting) == (2, 1, 3)
    assert found.examples == (
        (("Oil price drops",), ("business", "news")),
        ((LONG, LONG + "s"), ("news",)),
    )
    assert json.loads(json.dumps(found.as_dict())) == {
        "exact": 2,
        "near": 1,
        "conflicting": 3,
        "examples": [
            {"texts": ["Oil price drops"], "classes": ["business", "news"]},
            {"texts": [LONG, LONG + "s"], "classes": ["news"]},
        ],
    }


def test_at_most_ten_examples_with_conflicts_first():
    same = [(f"text number {n}", "x") for n in range(20)]
    data = labelled(*same, *same, ("a conflict", "x"), ("a conflict", "y"))
    found = find_duplicates(data, similarity=1)
    assert len(found.examples) == 10
    assert found.examples[0] == (("a conflict",), ("x", "y"))


def test_texts_without_duplicates_have_a_group_each():
    found = find_duplicates(labelled(("one text", "x"), ("another one", "y"), ("", "x")))
    assert found.groups.tolist() == [0, 1, 2]
    assert (found.exact, found.near, found.conflicting, found.examples) == (0, 0, 0, ())


@pytest.mark.parametrize("similarity", [0, -1, 1.5, float("nan")])
def test_a_similarity_out_of_range_is_refused(similarity):
    with pytest.raises(UserError, match="similarity="):
        find_duplicates(labelled(("a", "x"), ("b", "y")), similarity)


def test_many_classes_take_no_table_of_rows_by_classes():
    names = [f"c{i}" for i in range(100_000)]
    texts = [f"text {i // 2} about {i // 2:x}" for i in range(4000)]
    data = LabelledTexts.of(texts, names[:4000], "made", {}, names)
    tracemalloc.start()
    found = find_duplicates(data, 1.0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (found.exact, found.conflicting) == (2000, 4000)
    assert peak < 100e6  # a table of bool, groups by classes, has 200 MB
