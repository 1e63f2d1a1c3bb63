"""Small data of a fixed seed: texts, headlines, abstracts, images and a random BERT."""

import csv
import json
import string
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.numpy import save_file

SUBJECTS = {
    "cooking": "boil salt pan oven bread soup knead taste simmer flour",
    "sailing": "mast wind harbour rope tide deck anchor sail knot storm",
    "chess": "pawn king rook check castle board queen move opening mate",
}
COMMON = "the a of and in with Then still 12 more"
TOPICS = ("news.world", "sport.soccer", "business")  # of headlines
FIELDS = ("cs.AI", "cs.FL", "cs.DS")  # of abstracts
ABSTRACTS = 550  # of each field; the recipe draws 540
WIDTH, INNER, LAYERS, HEADS, POSITIONS = 64, 96, 3, 4, 64  # of the BERT


def make(folder: Path) -> None:
    """Writes all of it into a new folder."""
    folder.mkdir()
    random = np.random.default_rng(16)
    _table(folder / "subjects.csv", ("text", "label"), _subjects(random, 60))
    _table(folder / "labelled.csv", ("text", "label"), _subjects(random, 10))
    columns = ("publish_date", "headline_category", "headline_text")
    _table(folder / "headlines.csv", columns, _headlines(random))
    columns = ("id", "primary_cat", "categories", "title", "abstract")
    _table(folder / "arxiv.csv", columns, _abstracts(random))
    _images(folder / "images.npz", random)
    _bert(folder / "bert", random)
    _table(folder / "pairs.csv", ("sentence1", "sentence2", "gold_label"), _pairs(random))
    (folder / "words.conll").write_text(_tagged(random), encoding="utf-8")
    (folder / "questions.jsonl").write_text(_questions(random), encoding="utf-8")
    _photos(folder / "photos")


def _table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *rows])


def _sentence(random: np.random.Generator, words: str, longest: int = 10) -> str:
    own = random.choice(words.split(), random.integers(3, longest))
    common = random.choice(COMMON.split(), random.integers(1, 5))
    return " ".join(random.permutation([*own, *common]))


def _subjects(random: np.random.Generator, each: int) -> list[tuple[str, str]]:
    return [
        (_sentence(random, words), name) for name, words in SUBJECTS.items() for _ in range(each)
    ]


def _pairs(random: np.random.Generator) -> list[tuple[str, str, str]]:
    """Forty premises with two sentences each: of the same subject and of another."""
    subjects = list(SUBJECTS.values())
    rows = []
    for premise in range(40):
        first, other = random.permutation(len(subjects))[:2]
        text = f"{_sentence(random, subjects[first])} {premise}"
        for second, name in ((first, "same"), (other, "other")):
            rows.append((text, _sentence(random, subjects[second]), name))
    return rows


def _tagged(random: np.random.Generator) -> str:
    """Sixty sentences; the words of one subject are names, two in a row one of them."""
    names = SUBJECTS["chess"].split()
    sentences = []
    for _ in range(60):
        tags = []
        words = _sentence(random, " ".join(SUBJECTS.values())).split()
        for place, word in enumerate(words):
            inside = word in names and place and words[place - 1] in names
            tags.append("I-PIECE" if inside else "B-PIECE" if word in names else "O")
        sentences.append("".join(f"{w} {t}\n" for w, t in zip(words, tags, strict=True)))
    return "\n".join(sentences)


def _questions(random: np.random.Generator) -> str:
    """Eighty contexts: asked for is the word behind another; behind the last there is none."""
    rows = []
    for _ in range(80):
        words = _sentence(random, " ".join(SUBJECTS.values())).split()
        place = int(random.integers(len(words)))
        answers = [
            {"text": word, "answer_start": len(" ".join(words[: place + 1])) + 1}
            for word in words[place + 1 : place + 2]
        ]
        row = {"question": f"what is behind {words[place]}", "context": " ".join(words)}
        rows.append(json.dumps(row | {"answers": answers}) + "\n")
    return "".join(rows)


def _headlines(random: np.random.Generator) -> list[tuple[str, str, str]]:
    """Of three topics, with what cleaning passes over: no text, a repeated row, no category."""
    rows = [
        (f"20{random.integers(19, 22)}0{month}{day}", topic, _sentence(random, words))
        for topic, words, each in zip(TOPICS, SUBJECTS.values(), (80, 60, 40), strict=True)
        for month, day in random.integers((1, 10), (10, 29), (each, 2))
    ]
    return [*rows, ("20190101", "sport", ""), rows[0], ("20200202", "weather", "rain and wind")]


def _abstracts(random: np.random.Generator) -> list[tuple[str, ...]]:
    return [
        (f"2101.{number:05}", field, field, words.split()[number % 10], _sentence(random, words, 8))
        for field, words in zip(FIELDS, SUBJECTS.values(), strict=True)
        for number in range(FIELDS.index(field) * ABSTRACTS, (FIELDS.index(field) + 1) * ABSTRACTS)
    ]


def _images(path: Path, random: np.random.Generator) -> None:
    """Coloured noise with a bright bar, whose place is the class."""
    arrays = {}
    for part, count in (("train", 200), ("test", 60)):
        labels = np.arange(count) % 3
        images = random.integers(0, 160, (count, 12, 12, 3))
        for image, label in zip(images, labels, strict=True):
            image[4 * label : 4 * label + 3, :, label] += 90
        arrays |= {f"x_{part}": images.astype("uint8"), f"y_{part}": labels}
    np.savez(path, **arrays)


def _photos(folder: Path) -> None:
    """Class folders of coloured noise, wider than high."""
    random = np.random.default_rng(17)
    for channel, name in enumerate(("red", "green", "blue")):
        (folder / name).mkdir(parents=True)
        for number in range(16):
            pixels = random.integers(0, 90, (30, 40, 3), dtype=np.uint8)
            pixels[..., channel] += 150
            Image.fromarray(pixels).save(folder / name / f"{number}.png")


def _bert(folder: Path, random: np.random.Generator) -> None:
    """A random one, in Hugging Face's layout."""
    folder.mkdir()
    letters = [*string.ascii_lowercase, *string.digits]
    words = dict.fromkeys(" ".join([*SUBJECTS.values(), COMMON]).lower().split())
    special = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    vocabulary = list(
        dict.fromkeys([*special, *words, *letters, *(f"##{letter}" for letter in letters)])
    )

    def array(*shape: int) -> np.ndarray:
        return random.normal(0, 0.1, shape).astype("float32")

    def norm(name: str) -> dict[str, np.ndarray]:
        return {f"{name}.weight": 1 + array(WIDTH), f"{name}.bias": array(WIDTH)}

    tables = {"word": len(vocabulary), "position": POSITIONS, "token_type": 2}
    weights = {f"embeddings.{k}_embeddings.weight": array(n, WIDTH) for k, n in tables.items()}
    weights["embeddings.word_embeddings.weight"] *= 10  # words tell more than places
    weights |= norm("embeddings.LayerNorm")
    dense = {
        **{f"attention.self.{name}": (WIDTH, WIDTH) for name in ("query", "key", "value")},
        "attention.output.dense": (WIDTH, WIDTH),
        "intermediate.dense": (INNER, WIDTH),
        "output.dense": (WIDTH, INNER),
    }
    for layer in (f"encoder.layer.{index}" for index in range(LAYERS)):
        for name, shape in dense.items():
            weights |= {f"{layer}.{name}.weight": array(*shape)}
            weights |= {f"{layer}.{name}.bias": array(shape[0])}
        weights |= norm(f"{layer}.attention.output.LayerNorm") | norm(f"{layer}.output.LayerNorm")
    save_file(weights, folder / "model.safetensors")
    config = dict(
        model_type="bert",
        hidden_act="gelu",
        vocab_size=len(vocabulary),
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        hidden_size=WIDTH,
        intermediate_size=INNER,
        max_position_embeddings=POSITIONS,
    )
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True}))
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", "utf-8")
