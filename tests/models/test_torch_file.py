"""Weights in PyTorch's old format are read as PyTorch wrote them, and nothing else is."""

import pickle
from collections import OrderedDict

import numpy as np
import pytest

from kerastc.errors import UserError
from kerastc.models.torch_file import MARK, VERSION, read_torch_file


class Storage:
    """Pickled as a reference to a storage, as PyTorch does."""

    def __init__(self, key, dtype="FloatStorage"):
        self.key, self.dtype = key, dtype


class TorchName:
    """Pickled as a name in a module of PyTorch, which need not be installed."""

    def __init__(self, module, name):
        self.place = module, name


class Pickler(pickle._Pickler):
    """PyTorch's names and storages, in Python's own pickler."""

    def persistent_id(self, given):
        if isinstance(given, Storage):
            return "storage", TorchName("torch", given.dtype), given.key, "cpu", 0, None
        return None

    def save(self, given, save_persistent_id=True):
        if isinstance(given, TorchName):
            module, name = given.place
            self.write(f"c{module}\n{name}\n".encode())
        elif isinstance(given, Tensor):
            self.save(TorchName("torch._utils", "_rebuild_tensor_v2"))
            self.save((*given.parts, False, OrderedDict()))
            self.write(pickle.REDUCE)
        else:
            super().save(given, save_persistent_id)


class Tensor:
    def __init__(self, *parts):
        self.parts = parts


def written(path, tensors, storages, mark=MARK):
    with path.open("wb") as file:
        for part in (mark, VERSION, {"little_endian": True}):
            pickle.dump(part, file, 2)
        Pickler(file, 2).dump(OrderedDict(tensors))
        pickle.dump(list(storages), file, 2)
        for values in storages.values():
            file.write(len(values).to_bytes(8, "little") + values.tobytes())
    return path


def test_tensors_are_views_of_storages_with_an_offset_and_strides(tmp_path):
    values, counts = np.arange(20, dtype="<f4"), np.array([7], "<i8")
    tensors = {
        "rows": Tensor(Storage("1"), 0, (4, 5), (5, 1)),
        "columns": Tensor(Storage("1"), 2, (3, 2), (1, 5)),
        "count": Tensor(Storage("2", "LongStorage"), 0, (), ()),
    }
    found = read_torch_file(written(tmp_path / "w.pth", tensors, {"1": values, "2": counts}))
    np.testing.assert_array_equal(found["rows"], values.reshape(4, 5))
    np.testing.assert_array_equal(found["columns"], [[2, 7], [3, 8], [4, 9]])
    assert found["count"] == 7 and found["count"].dtype == np.int64


def test_it_reads_what_pytorch_writes(tmp_path):
    torch = pytest.importorskip("torch", reason="checked where PyTorch is installed")
    tensors = {"a": torch.randn(3, 4).T, "b": torch.arange(6).reshape(2, 3)}
    torch.save(OrderedDict(tensors), tmp_path / "w", _use_new_zipfile_serialization=False)
    found = read_torch_file(tmp_path / "w")
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(found[name], tensor.numpy())


def test_code_in_a_file_is_not_run(tmp_path):
    class Code:
        def __reduce__(self):
            return (tmp_path / "made").touch, ()

    path = tmp_path / "w.pth"
    written(path, {"a": Code()}, {})
    with pytest.raises(UserError, match="which is no tensor"):
        read_torch_file(path)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("tensors", "storages", "mark", "reason"),
    [
        ({"a": 5}, {}, MARK, "something that is no tensor"),
        ({"a": Tensor(Storage("1"), 3, (2,), (1,))}, {"1": np.zeros(4, "<f4")}, MARK, "outside"),
        ({}, {}, 5, "format of before 1.6"),
    ],
)
def test_other_content_is_refused(tmp_path, tensors, storages, mark, reason):
    path = written(tmp_path / "w.pth", tensors, storages, mark)
    with pytest.raises(UserError, match=reason):
        read_torch_file(path)


def test_a_file_that_ends_too_early_is_refused(tmp_path):
    tensors = {"a": Tensor(Storage("1"), 0, (4,), (1,))}
    path = written(tmp_path / "w.pth", tensors, {"1": np.zeros(4, "<f4")})
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(UserError, match="ends too early"):
        read_torch_file(path)
