"""Writes the same rows as each kind of table, by the programs that users write them with."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
from pyarrow import parquet

Rows = Sequence[Mapping[str, Any]]


def xlsx(path: Path, rows: Sequence[Sequence[Any]], change: Callable | None = None) -> Path:
    """A workbook; `change` is given it and its sheet before it is saved."""
    workbook = openpyxl.Workbook()
    for row in rows:
        workbook.active.append(row)
    if change:
        change(workbook, workbook.active)
    workbook.save(path)
    return path


def arrow(path: Path, table: pa.Table, stream: bool = False, **options: Any) -> Path:
    """An Arrow file, or a stream."""
    new = pa.ipc.new_stream if stream else pa.ipc.new_file
    with pa.OSFile(str(path), "wb") as sink:
        with new(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
            writer.write_table(table)
    return path


def with_classes(table: pa.Table, names: Sequence[str]) -> pa.Table:
    """The table with the names of its classes as `datasets` writes them into a schema."""
    told = {"info": {"features": features(names)}}
    return table.replace_schema_metadata({"huggingface": json.dumps(told)})


def features(names: Sequence[str]) -> dict[str, Any]:
    """What `datasets` says of a column of texts and one of classes."""
    return {
        "text": {"dtype": "string", "_type": "Value"},
        "label": {"names": list(names), "_type": "ClassLabel"},
    }


def saved(folder: Path, shards: Sequence[pa.Table], names: Sequence[str]) -> Path:
    """A folder as `Dataset.save_to_disk` of datasets 5 writes it."""
    folder.mkdir(parents=True)
    files = [f"data-{i:05d}-of-{len(shards):05d}.arrow" for i in range(len(shards))]
    for name, table in zip(files, shards, strict=True):
        arrow(folder / name, table, stream=True)
    state = {"_data_files": [{"filename": name} for name in files], "_fingerprint": "0"}
    (folder / "state.json").write_text(json.dumps(state))
    (folder / "dataset_info.json").write_text(json.dumps({"features": features(names)}))
    return folder


KINDS: dict[str, Callable[[Path, list[dict[str, Any]]], Any]] = {
    "a.json": lambda path, rows: path.write_text(json.dumps(rows, indent=1)),
    "one_line.json": lambda path, rows: path.write_text(json.dumps(rows)),
    "a.jsonl": lambda path, rows: path.write_text("\n".join(map(json.dumps, rows))),
    "a.xlsx": lambda path, rows: xlsx(path, [list(rows[0]), *(list(r.values()) for r in rows)]),
    "a.parquet": lambda path, rows: parquet.write_table(pa.Table.from_pylist(rows), path),
    "a.arrow": lambda path, rows: arrow(path, pa.Table.from_pylist(rows)),
    "stream.arrow": lambda path, rows: arrow(path, pa.Table.from_pylist(rows), stream=True),
    "saved": lambda path, rows: saved(path, [pa.Table.from_pylist(rows)], []),
}


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    """The rows as the kind of table that the path's name says, one of `KINDS`."""
    KINDS[path.name](path, rows)
    return path
