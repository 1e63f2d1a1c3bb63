"""Weights in PyTorch's file format of before 1.6, read without PyTorch. NumPy.

Such a file is a series of pickles, and a pickle can hold code. This reader knows tensors and
nothing else: any other name in the file ends the reading. It is still meant for files whose
SHA-256 was checked. The file, in its order:

    pickle                            the mark `MARK`
    pickle                            the format's version, 1001
    pickle                            of the machine that wrote it: byte order, sizes of types
    pickle                            an OrderedDict of tensors; each names its storage and says
                                      where in it it begins, its shape and its strides
    pickle                            the keys of the storages, in the order of the file
    for each: int64, bytes            its elements, and they
"""

import pickle
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from kerastc.errors import UserError

MARK, VERSION = 0x1950A86A20F9469CFC6C, 1001
STORAGES = {"FloatStorage": "<f4", "DoubleStorage": "<f8", "HalfStorage": "<f2"}
STORAGES |= {"LongStorage": "<i8", "IntStorage": "<i4"}


@dataclass(frozen=True)
class _View:
    """A tensor before its storage is read; offset and strides are in elements."""

    storage: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def of(self, values: np.ndarray) -> np.ndarray:
        """Its own array, of a storage's elements.

        Raises:
            ValueError: it reaches beyond them.
        """
        last = self.offset + sum((n - 1) * s for n, s in zip(self.shape, self.strides, strict=True))
        if min((self.offset, *self.shape, *self.strides)) < 0 or last >= len(values):
            raise ValueError("a tensor lies outside its storage")
        strides = [step * values.itemsize for step in self.strides]
        found = np.lib.stride_tricks.as_strided(values[self.offset :], self.shape, strides)
        return np.ascontiguousarray(found)


def _rebuilt(
    storage: str, offset: int, shape: Sequence[int], strides: Sequence[int], *_: Any
) -> _View:
    return _View(storage, offset, tuple(shape), tuple(strides))


class _TensorsOnly(pickle.Unpickler):
    """Knows the names that a file of tensors needs."""

    def __init__(self, file: BinaryIO):
        super().__init__(file, encoding="utf-8")
        self.types: dict[str, str] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuilt
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        raise pickle.UnpicklingError(f"it names {module}.{name}, which is no tensor")

    def persistent_load(self, given: Any) -> str:
        kind, dtype, key, *_ = given
        if kind != "storage" or dtype not in STORAGES.values():
            raise pickle.UnpicklingError("it refers to something that is no storage")
        self.types[key] = dtype
        return key


def read_torch_file(path: Path) -> dict[str, np.ndarray]:
    """The tensors of a file by their names, in the shapes that PyTorch gives them.

    Raises:
        UserError: the file is missing or damaged, of another format, or holds anything but tensors.
    """
    try:
        with path.open("rb") as file:
            if [_TensorsOnly(file).load() for _ in range(2)] != [MARK, VERSION]:
                raise ValueError("it is not of PyTorch's format of before 1.6")
            if _TensorsOnly(file).load()["little_endian"] is not True:
                raise ValueError("it was written on a big-endian machine")
            tensors = _TensorsOnly(file)
            views = tensors.load()
            storages = {
                key: _storage(file, tensors.types[key]) for key in _TensorsOnly(file).load()
            }
        if not all(isinstance(view, _View) for view in views.values()):
            raise ValueError("it holds something that is no tensor")
        return {name: view.of(storages[view.storage]) for name, view in views.items()}
    except OSError as error:
        raise UserError(f"Cannot read {path}: {error.strerror}.") from error
    except Exception as error:  # a damaged pickle raises any
        raise UserError(f"{path} cannot be read as weights of PyTorch's: {error}.") from None


def _storage(file: BinaryIO, dtype: str) -> np.ndarray:
    count = int.from_bytes(file.read(8), "little")
    size = count * np.dtype(dtype).itemsize
    content = file.read(size)
    if len(content) < size:
        raise ValueError("it ends too early")
    return np.frombuffer(content, dtype)
