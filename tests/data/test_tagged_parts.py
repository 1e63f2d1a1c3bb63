"""Tagged texts of recipes, in parts: their tags, and those that only one part has."""

import pytest

from kerastc import recipe, settings
from kerastc.errors import UserError


def loaded(name, *words):
    script = recipe.find(name).load()
    return script.load(settings.configure(script.Config, [str(word) for word in words]), None)


@pytest.fixture
def written(tmp_path):
    def write(name, *sentences):
        path = tmp_path / name
        path.write_text("\n\n".join("\n".join(s.split(" | ")) for s in sentences) + "\n")
        return path

    return write


@pytest.fixture
def training(written):
    words = ("sun", "sea", "sky", "ice", "oak", "elm", "fog", "dew", "ash", "bay")
    return written("train.txt", *(f"{w} NC B-X | is{w} V O | {w}{w} AQ O" for w in words))


def test_too_few_sentences_for_the_folds_are_told_as_such(written):
    few = written("few.txt", "sun NC B-X | is V O", "sea NC B-X | was V O")
    with pytest.raises(UserError, match="folds=5 needs 5 different sentences") as error:
        loaded("ner", f"data={few}", "folds=5")
    assert "class" not in str(error.value)


def test_the_model_has_an_output_for_each_tag_of_any_part(training, written):
    test = written("test.txt", "rain DE B-Y | fell V I-Y", "wind NC B-X")
    splits = loaded("ner", f"data={training}", f"test={test}")
    assert splits.data.classes == ("O", "B-X", "I-X", "B-Y", "I-Y")
    assert splits.test.class_counts().tolist() == [0, 1, 0, 1, 1]
    assert splits.notes == {"words of test with a tag that no training row has": 2}
    splits = loaded("pos", f"data={training}", f"test={test}")
    assert splits.data.classes == ("AQ", "NC", "V", "DE")
    assert splits.data.reading.label == "2"
    assert loaded("tags", f"data={training}", f"test={test}").data.reading.label == "last"


def test_parts_with_tags_of_another_kind_are_refused(training, written):
    columns = written("test.txt", "rain B-X NC | fell O V")
    for name, odd in (("ner", "NC"), ("pos", "O")):
        with pytest.raises(UserError, match=f"{odd!r} is a tag of another kind than those of"):
            loaded(name, f"data={training}", f"test={columns}")
    tree = written("test.conllu", "1\train\t_\tNOUN\t_\t_\t0\troot\t_\t_")
    with pytest.raises(UserError, match=r"test\.conllu is CoNLL-U: 2 is not what it calls tags"):
        loaded("ner", f"data={training}", f"test={tree}", "tag=2")
