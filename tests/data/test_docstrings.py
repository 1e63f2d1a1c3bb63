import os
import re
import subprocess
import sys

import numpy as np
import pytest

from kerastc.data.texts import docstrings
from kerastc.data.texts.docstrings import first_paragraph, plain_text, read_docstrings
from kerastc.data.texts.near_pairs import near_pairs
from kerastc.errors import UserError


@pytest.fixture(scope="module")
def problems():
    return {name: read_docstrings(name) for name in ("general", "similar")}


@pytest.mark.parametrize("problem", ["general", "similar"])
def test_every_class_has_enough_different_texts(problems, problem):
    data = problems[problem]
    assert 4 <= len(data.classes) <= 6
    assert data.class_counts().min() >= 250
    assert all(40 <= len(text) <= 300 for text in data.examples)
    assert all(text == " ".join(text.split()) for text in data.examples)
    assert len(near_pairs([text.casefold() for text in data.examples], 0.9)) == 0


@pytest.mark.parametrize("problem", ["general", "similar"])
def test_texts_do_not_name_the_package_they_come_from(problems, problem):
    names = r"\b(numpy|scipy|matplotlib|pyplot|pandas|keras|sklearn|click|rich|urllib3|np|pd|plt)\b"
    assert [text for text in problems[problem].examples if re.search(names, text, re.I)] == []


def test_no_template_makes_up_a_class(problems):
    data = problems["similar"]
    texts = data.examples[data.labels == data.classes.index("statistics")]
    assert 0 < sum(text.endswith("continuous random variable.") for text in texts) <= 10


def test_the_source_names_the_versions(problems):
    import scipy

    assert f"scipy {scipy.__version__}" in problems["similar"].source
    assert f"Python {sys.version.split()[0]}" in problems["similar"].source
    assert problems["general"].notes["duplicate texts dropped"] > 0


def test_another_process_reads_the_same_and_imports_none_of_the_packages(problems):
    code = (
        "import sys\n"
        "from kerastc.data.texts.docstrings import read_docstrings\n"
        "print(read_docstrings('similar').fingerprint)\n"
        "print(read_docstrings('similar', 100, seed=7).fingerprint)\n"
        "print({'sklearn', 'keras', 'scipy.stats', 'scipy.signal'} & set(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "99"},
        capture_output=True,
        text=True,
        check=True,
    )
    sample = read_docstrings("similar", 100, seed=7)
    assert done.stdout.split("\n")[:3] == [
        problems["similar"].fingerprint,
        sample.fingerprint,
        "set()",
    ]


def test_a_file_is_parsed_once_in_a_process(problems, monkeypatch):
    monkeypatch.setattr(docstrings, "_docstrings", None)
    assert read_docstrings("similar").fingerprint == problems["similar"].fingerprint


def test_a_sample_is_balanced_and_never_larger_than_the_smallest_class(problems, monkeypatch):
    sample = read_docstrings("similar", per_class=50, seed=1)
    assert sample.class_counts().tolist() == [50] * len(sample.classes)
    assert set(sample.examples) <= set(problems["similar"].examples)
    smallest = int(problems["similar"].class_counts().min())
    all_of_it = read_docstrings("similar", per_class=10_000)
    assert np.all(all_of_it.class_counts() == smallest)


PACKAGE = {
    "__init__.py": 'raise RuntimeError("this is executed")',
    "area.py": '''"""Ways to steer a small boat by the wind and by the stars."""
def public(x):
    """Sail a boat across the bay.

    Reach the far shore before the tide turns.

    Parameters
    ----------
    x : the speed
    """
    def inner():
        """Never told: a function inside a function is nobody's business."""
def _private():
    """A private function whose docstring must not be read by anyone."""
class Boat:
    """A vessel that floats on water and carries people or goods."""
    @property
    def mast(self):
        """The tall pole that holds the sails of the boat upright."""
    def _hidden(self):
        """A private method whose docstring must not be read by anyone."""
    def __add__(self, other):
        """A special method whose docstring must not be read by anyone."""
class _Private:
    def method(self):
        """A method of a private class, which must not be read either."""
"\\d"
''',
    "tests/test_area.py": '"""A test of the boats, which is no documentation of anything."""',
    "shore.py": '"""Harbours and piers where a vessel may be tied up for the night."""',
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    for name, text in PACKAGE.items():
        file = tmp_path / "boats_package" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(docstrings, "_versions", lambda areas: "boats 1.0")
    areas = {"boats": ("boats_package/area.py",), "shore": ("boats_package/shore.py",)}
    monkeypatch.setitem(docstrings.PROBLEMS, "sailing", areas)
    return areas


def test_public_names_are_read_and_nothing_is_executed(package):
    data = read_docstrings("sailing")
    assert list(data.examples) == [
        "Ways to steer a small boat by the wind and by the stars.",
        "Sail a boat across the bay. Reach the far shore before the tide turns.",
        "A vessel that floats on water and carries people or goods.",
        "The tall pole that holds the sails of the boat upright.",
        "Harbours and piers where a vessel may be tied up for the night.",
    ]
    assert data.labels.tolist() == [0, 0, 0, 0, 1]
    assert data.source == "docstrings (sailing) of boats 1.0"


def test_tests_are_left_out_of_a_whole_package(package, monkeypatch):
    monkeypatch.setitem(docstrings.PROBLEMS, "sailing", {"all": ("boats_package",)})
    texts = read_docstrings("sailing").examples
    assert len(texts) == 5
    assert not any("test" in text for text in texts)


def test_a_text_of_two_areas_has_no_place_in_either(package, monkeypatch):
    package = {"a": ("boats_package",), "b": ("boats_package/shore.py",)}
    monkeypatch.setitem(docstrings.PROBLEMS, "sailing", package)
    data = read_docstrings("sailing")
    assert data.class_counts().tolist() == [4, 0]
    assert data.notes["texts of several areas dropped"] == 1


def test_a_package_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setitem(docstrings.PROBLEMS, "sailing", {"all": ("no_such_package_here/a",)})
    with pytest.raises(UserError, match=r"(?s)'no_such_package_here'.*pip install no_such_package"):
        read_docstrings("sailing")


def test_a_package_without_sources_is_refused(package, tmp_path):
    (tmp_path / "boats_package" / "shore.py").rename(tmp_path / "boats_package" / "shore.pyc")
    with pytest.raises(UserError, match=r"No texts on shore: boats_package/shore.py"):
        read_docstrings("sailing")


def test_wrong_arguments_are_refused():
    with pytest.raises(UserError, match="problem='generel' is not one of 'general', 'similar'"):
        read_docstrings("generel")
    with pytest.raises(UserError, match="per_class=-1"):
        read_docstrings("general", per_class=-1)


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("Plot ``x`` against\n   `y`.", "Plot x against y."),
        ("Uses :func:`~scipy.stats.norm` and :class:`Axes`.", "Uses norm and Axes."),
        ("See :ref:`the guide <guide-label>`, :math:`x^2`.", "See the guide, x^2."),
        ("The `manual <https://a.org/b>`_ [1]_ says.", "The manual says."),
        ("An **important** *word* and 2 * 3.", "An important word and 2 * 3."),
        ("A scipy.stats.norm or np.linalg.norm call.", "A norm or norm call."),
        ("A `~.Axes.plot` of `.Line2D` items, e.g. lines.", "A plot of Line2D items, e.g. lines."),
        ("The product (X * X).sum() is as follows::", "The product (X * X).sum() is as follows"),
    ],
)
def test_marks_and_paths_are_taken_away(written, plain):
    assert plain_text(written) == plain


@pytest.mark.parametrize(
    "unfit",
    [
        "Too short.",
        "Word " * 61,
        "This function is deprecated; use the other one in place of it.",
        "Plot the columns of a pandas object as lines of their own.",
        "%(before_notes)s of the distribution that follows here, in full",
        "f(a, b, c=1, d=2, e=3) -> 1 + 2 + 3 == 6, 7, 8, 9, 10",
        ">>> print('an example that is no sentence at all, is it')",
        "Alias for another function that does the same with less work.",
    ],
)
def test_what_is_no_sentence_on_the_subject_is_dropped(unfit):
    assert first_paragraph(unfit) == ""


def test_headings_are_skipped_and_sections_end_the_text():
    assert (
        first_paragraph(
            "Harbours\n========\n\nShips are tied up here for the night.\n\n"
            "Args:\n    x: a number of ships that is never told.\n"
        )
        == ""
    )  # 37 characters, and what follows is no prose
    assert (
        first_paragraph("Harbours\n========\n\nShips are tied up here for the night, and safe.")
        == "Ships are tied up here for the night, and safe."
    )
