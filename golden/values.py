"""Reads what a side left as flat values: {file: {key: value}}, but for what may differ."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from golden.exported import FILE
from golden.moves import Names
from golden.running import FAILED, PLACE, PRINTED

# What is not compared. Files: pages and plots, which show dates and times; environment, settings
# and checkpoints, whose contents show in the figures; tokenizers, exported models and bundles,
# which are compared by their answers; databases and locks.
FILES_LEFT_OUT = (
    r"\.(html|png|svg|db|sqlite3?|lock|tflite|onnx|zip)$",
    r"/(saved_model|checkpoints|plots|cache|tokenizer)/",
    r"/(environment|config|finished)\.json$",
    r"/\.[^/]*$",
)
# Parts of keys, between dots: times, dates, memory, machines, versions, what is decided by them,
# sentences, and sizes in bytes and hashes of files, which hold names of classes and layers too.
KEYS_LEFT_OUT = (
    r"(.*_)?seconds(_.*)?",
    r"(.*_)?ms(_.*)?",
    r"(.*_)?examples_per_second",
    r"throughput(_.*)?",
    r"latency(_.*)?",
    r"(.*_)?memory(_.*)?",
    r"(.*_)?bytes",
    r"started|finished|measured|date",
    r"rule|title|caption",
    r"dominated(_.*)?|recommend.*",
    r"machine|versions|python|cpu|scikit-learn",
    r"(.*_)?sha256|files|git_commit",
)
# In texts: the side's folder, and what is measured.
WORDS_LEFT_OUT = (
    r"\d[\d.,]*(e-?\d+)? ?(ms|s|min|h|[KMG]i?B|bytes|times)\b",
    r"\d{8}-\d{6}",
    r"\d{4}-\d\d-\d\dT[\d:+.Z-]+",
)

Values = dict[str, dict[str, Any]]


def read(folder: Path, names: Names) -> Values:
    """What a side left, under today's names.

    Args:
        folder: of `running.run`.
        names: of the tree that was run.
    """
    found: Values = {}
    place = (folder / PLACE).read_text("utf-8")
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        file = path.relative_to(folder).as_posix()
        top = file.partition("/")[0]
        if top not in ("runs", PRINTED, FAILED, FILE) or _matches(FILES_LEFT_OUT, f"/{file}"):
            continue
        values = dict(_masked(_content(path, top == FAILED), place))
        found[names.file(file)] = dict(
            names.entry(key, value) for key, value in values.items() if not left_out(key)
        )
    return found


def left_out(key: str) -> bool:
    """Whether any part of a key is one of those that are not compared."""
    parts = re.split(r"[.\[: ]+", key)
    return any(re.fullmatch(pattern, part) for part in parts for pattern in KEYS_LEFT_OUT)


def _matches(patterns: tuple[str, ...], path: str) -> bool:
    return any(re.search(pattern, path) for pattern in patterns)


def _content(path: Path, as_text: bool = False) -> Iterator[tuple[str, Any]]:
    if as_text:
        yield "said", path.read_text("utf-8").strip().splitlines()[-1]
    elif path.suffix == ".json":
        yield from _flat(json.loads(path.read_text("utf-8")), "")
    elif path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            for number, row in enumerate(csv.DictReader(file), 1):
                yield from ((f"row {number}.{column}", value) for column, value in row.items())
    elif path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            yield from arrays.items()
    elif path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            weights = io.BytesIO(archive.read("model.weights.h5"))
        yield from _weights(weights)
    else:
        yield "content", path.read_bytes()


def _flat(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    """The leaves of a JSON value by keys such as `test.per_class.sport.f1` and `steps[0].name`."""
    if isinstance(value, dict) and value:
        for name, entry in value.items():
            yield from _flat(entry, f"{key}.{name}" if key else name)
    elif isinstance(value, list) and value:
        for index, entry in enumerate(value):
            yield from _flat(entry, f"{key}[{index}]")
    else:
        yield key, value


def _weights(content: io.BytesIO) -> Iterator[tuple[str, np.ndarray]]:
    found = {}
    with h5py.File(content) as file:
        file.visititems(
            lambda name, item: (
                found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None
            )
        )
    yield from found.items()


def _masked(values: Iterator[tuple[str, Any]], place: str) -> Iterator[tuple[str, Any]]:
    for key, value in values:
        if isinstance(value, str):
            value = value.replace(place, "FOLDER")
            for pattern in WORDS_LEFT_OUT:
                value = re.sub(pattern, "…", value)
        yield key, value
