"""Tagged texts from a user's file, whose form is known by its content."""

from contextlib import closing
from pathlib import Path

from kerastc.data.tables.json_keys import DECODER
from kerastc.data.tables.json_table import begins_as_json
from kerastc.data.tables.plain_file import PlainFile
from kerastc.data.tables.reading import Reading
from kerastc.data.tables.table_file import JSON_LINES
from kerastc.data.tagged import character_spans, columns, conll_u
from kerastc.data.tagged.iob import in_iob2, is_of_entities
from kerastc.data.tagged.sentence import Notes, Sentence
from kerastc.data.tagged.span_records import EXAMPLE, texts_of_tasks
from kerastc.data.tagged.tagged_texts import TaggedTexts
from kerastc.errors import UserError
from kerastc.progress import tell

COLUMNS, CONLL_U, JSON = "columns", "CoNLL-U", "JSON"  # forms
UPOS = "upos"


def read_tagged(
    path: str | Path,
    tag: str = "",
    word: str = "",
    encoding: str = "utf-8",
    usual: str = columns.LAST,
    one_tag: bool = False,
) -> TaggedTexts:
    """Reads tagged texts.

    The file has a line for each word, in columns or as CoNLL-U; or it is JSON, with spans of
    characters. Entities come out in IOB2, see `iob`; what was settled is counted in the notes, each
    with the place where it first was.

    Args:
        path: the file, plain or gzip.
        tag: of columns the number of that of the tags, from 1, or "last"; of CoNLL-U "upos", "xpos"
            or a feature; of JSON the key of the spans. Empty takes `usual`, "upos", or a key of
            `span_records`.
        word: of columns the number of that of the words, of JSON the key of the texts; empty takes
            the first, or "text".
        encoding: of the file.
        usual: the column of tags unless one is named.
        one_tag: allow a file in which all words have one tag (to measure, not to train).

    Raises:
        UserError: naming file and line, for what is no tagged text; and for a file in which all
            words have one tag.
    """
    file = PlainFile.at(path, encoding)
    notes = Notes(file.path)
    sentences, told, tag = _read(file, tag, word, usual, notes)
    if not sentences:
        raise UserError(f"{file.path} has no tagged words.", "Give a line for each: WORD TAG.")
    entities = is_of_entities(sentences, notes)
    if entities:
        sentences = in_iob2(sentences, notes)
    source = f"{file.path.name}: {told}"
    reading = Reading((word,) if word else (), tag, encoding=encoding)
    found = TaggedTexts.of_sentences(sentences, entities, source, notes.told(), reading)
    if len(found.classes) == 1 and not one_tag:
        raise UserError(
            f"{file.path}: every word has the tag {found.classes[0]!r}.",
            f"Mark some in spans, such as {EXAMPLE}; tag= names another key."
            if form_of(file) == JSON
            else "Name another column: tag=2",
        )
    return found


def read_worded(path: str | Path, word: str = "", encoding: str = "utf-8") -> list[str] | None:
    """The texts of a file with the words that it gives them; tags in it are not read.

    Returns:
        None for a file of another form than those of `read_tagged`: of JSON this reads that of
        Label Studio, whose texts are in no table.
    """
    file = PlainFile.at(path, encoding)
    notes = Notes(file.path)
    form = form_of(file)
    if form == JSON:
        return texts_of_tasks(file, word)
    if form == CONLL_U:
        sentences = list(conll_u.sentences(file, None, notes))
    elif columns.is_of_columns(file):
        place = columns.column(word, "1", "words")
        sentences = list(columns.sentences(file, place, None, notes))
    else:
        return None
    for what, count in notes.told().items():
        tell(f"{what}: {count:,}")
    return [sentence.text for sentence in sentences]


def is_of_words(path: str | Path, encoding: str = "utf-8") -> bool:
    """Whether a file has a line for each word, in columns or as CoNLL-U, and is no table."""
    if not Path(path).is_file():
        return False
    try:
        file = PlainFile.at(path, encoding)
        return form_of(file) == CONLL_U or columns.is_of_columns(file)
    except UserError:  # a workbook, or another encoding: its reader tells
        return False


def form_of(file: PlainFile) -> str:
    """One of "columns", "CoNLL-U" and "JSON"; columns where it is neither of the others."""
    if conll_u.is_conll_u(file):
        return CONLL_U
    if file.extension in JSON_LINES:
        return JSON
    if not begins_as_json(file):
        return COLUMNS
    with closing(file.lines(show_progress=False)) as lines:
        first = next((line for line in lines if line.strip()), "")
    if first.lstrip().startswith("["):
        return JSON
    try:
        DECODER.decode(first)
    except (ValueError, RecursionError):  # the word {
        return COLUMNS
    return JSON


def _read(
    file: PlainFile, tag: str, word: str, usual: str, notes: Notes
) -> tuple[list[Sentence], str, str]:
    """The sentences, in words which part of the file they are from, and the name of the tags."""
    form = form_of(file)
    if form == JSON:
        key = "" if tag == columns.LAST else tag
        found = list(character_spans.sentences(file, word, key, notes))
        return found, f"spans of characters{f' from {key!r}' if key else ''}", key
    if form == CONLL_U:
        name = UPOS if tag in ("", columns.LAST) else tag
        name = name.lower() if name.lower() in conll_u.POS else name
        if name.isdecimal():
            raise UserError(
                f"{file.path} is CoNLL-U: {name} is not what it calls tags.",
                "Name them: upos, xpos, or a feature such as Number.",
            )
        return list(conll_u.sentences(file, name, notes)), f"words and {name} of CoNLL-U", name
    places = columns.column(word, "1", "words"), columns.column(tag, usual, "tags")
    told = [_named(place) for place in places]
    found = list(columns.sentences(file, *places, notes))
    return found, f"words from {told[0]}, tags from {told[1]}", tag or usual


def _named(place: int) -> str:
    return "the last column" if place < 0 else f"column {place + 1}"
