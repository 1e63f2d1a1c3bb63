"""Files of users: formats, sizes, orientation, transparency; and what is not an image."""

import io
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from kerastc.errors import UserError
from kerastc.images import decoded
from kerastc.images.decoding import opened, upright_size


def saved(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "PPM", "TIFF", "WEBP"])
def test_lossless_pixels_arrive_as_they_are(tmp_path, kind):
    pixels = noise(32, 24)
    path = tmp_path / "image"  # the content tells what it is
    options = {"lossless": True} if kind == "WEBP" else {}
    path.write_bytes(saved(Image.fromarray(pixels), kind, **options))
    np.testing.assert_array_equal(decoded(path, (32, 24, 3)), pixels)
    np.testing.assert_array_equal(decoded(str(path), (32, 24, 3)), pixels)
    found = decoded(path.read_bytes(), (32, 24, 3))
    np.testing.assert_array_equal(found, pixels)
    assert found.dtype == np.uint8 and found.flags.writeable


def test_grey_and_colour_are_what_the_model_takes():
    pixels = noise(8, 8)
    grey = np.asarray(Image.fromarray(pixels).convert("L"))
    np.testing.assert_array_equal(decoded(saved(Image.fromarray(pixels)), (8, 8, 1))[..., 0], grey)
    found = decoded(saved(Image.fromarray(grey)), (8, 8, 3))
    np.testing.assert_array_equal(found, np.repeat(grey[..., None], 3, axis=-1))


def test_a_smaller_image_is_a_mean_of_all_pixels():
    stripes = np.zeros((64, 64), np.uint8)
    stripes[:, ::2] = 200  # every second column: without antialiasing all of them, or none
    found = decoded(saved(Image.fromarray(stripes)), (8, 8, 1))
    assert np.abs(found[:, 1:-1].astype(int) - 100).max() <= 3


# What a camera that is held so stores of an upright image; the EXIF specification's table.
STORED = {
    1: lambda upright: upright,
    2: np.fliplr,
    3: lambda upright: np.rot90(upright, 2),
    4: np.flipud,
    5: lambda upright: upright.swapaxes(0, 1),
    6: np.rot90,
    7: lambda upright: np.rot90(upright, 2).swapaxes(0, 1),
    8: lambda upright: np.rot90(upright, -1),
}


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize(("kind", "deep"), [(k, d) for k in ("PNG", "TIFF") for d in (0, 1)])
def test_the_exif_orientation_turns_it(kind, deep, orientation):
    upright = noise(6, 8)[..., 0].astype(np.uint16) * 257 if deep else noise(6, 8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(STORED[orientation](upright))
    content = saved(Image.fromarray(stored), kind, exif=exif)
    with opened(content) as (image, _):
        assert upright_size(image) == (6, 8)
    expected = noise(6, 8)[..., :1] if deep else upright
    np.testing.assert_array_equal(decoded(content, (6, 8, 1 if deep else 3)), expected)


def tiff(values: np.ndarray, photometric: int) -> bytes:
    """A grey TIFF file of one strip, which Pillow does not write with 0 as white."""
    data = values.astype("<u2" if values.dtype == np.uint16 else "u1").tobytes()
    height, width = values.shape
    fields = {256: width, 257: height, 258: 8 * values.itemsize, 259: 1, 262: photometric}
    fields |= {273: 8 + 2 + 12 * 9 + 4, 277: 1, 278: height, 279: len(data)}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in fields.items())
    return b"II*\0" + struct.pack("<IH", 8, len(fields)) + entries + bytes(4) + data


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_where_zero_is_white_it_is_so(bits):
    values = np.linspace(0, 2**bits - 1, 16).round().reshape(4, 4)
    values = values.astype(np.uint8 if bits == 8 else np.uint16)
    black, white = (decoded(tiff(values, photometric), (4, 4, 1)) for photometric in (1, 0))
    assert (black[0, 0, 0], black[-1, -1, 0]) == (0, 255)
    np.testing.assert_array_equal(white, 255 - black)


def test_transparent_is_white():
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[:2, :, 3] = 255
    found = decoded(saved(Image.fromarray(pixels)), (4, 4, 3))
    assert (found[:2] == 0).all() and (found[2:] == 255).all()


def test_a_palette_and_sixteen_bits_keep_their_colours():
    blocks = np.kron([[10, 200], [90, 30]], np.ones((4, 4))).astype(np.uint8)
    np.testing.assert_array_equal(
        decoded(saved(Image.fromarray(blocks).convert("P"), "GIF"), (8, 8, 1))[..., 0], blocks
    )
    deep = Image.fromarray(blocks.astype(np.uint16) * 257)
    np.testing.assert_array_equal(decoded(saved(deep), (8, 8, 1))[..., 0], blocks)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_truncated_file_is_refused(tmp_path, kind):
    path = tmp_path / "half.img"
    content = saved(Image.fromarray(noise(64, 64)), kind)
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match=r"half\.img is a broken image"):
        decoded(path, (8, 8, 3))


@pytest.mark.parametrize(
    "content", [b"", b"no image", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"]
)
def test_what_is_no_image_is_refused(tmp_path, content):
    path = tmp_path / "notes.png"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"notes\.png is not an image") as refused:
        decoded(path, (8, 8, 3))
    assert "PNG" in refused.value.hint


@pytest.mark.parametrize("limit", [50, 90])  # Pillow warns above its limit, refuses above twice
def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch, limit):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    with pytest.raises(UserError, match=f"more than {limit} pixels"):
        decoded(saved(Image.fromarray(noise(11, 10))), (8, 8, 3))


def test_missing_files_and_folders_are_refused(tmp_path):
    with pytest.raises(UserError, match="There is no file"):
        decoded(tmp_path / "nowhere.png", (8, 8, 3))
    with pytest.raises(UserError, match="cannot be read"):
        decoded(tmp_path, (8, 8, 3))


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_sixteen_bits_that_hold_fewer_keep_their_brightness(bits, kind):
    values = np.linspace(0, 2**bits - 1, 64).round().astype(np.uint16).reshape(8, 8)
    if kind == "PPM":
        content = b"P5 8 8 65535\n" + values.astype(">u2").tobytes()
    else:
        content = saved(Image.fromarray(values), kind)
    expected = np.rint(values * (255 / (2**bits - 1)))
    found = decoded(content, (8, 8, 1))[..., 0]
    np.testing.assert_allclose(found, expected, atol=1)
    assert (found[0, 0], found[-1, -1]) == (0, 255)
    np.testing.assert_array_equal(decoded(content, (8, 8, 1), bits)[..., 0], found)
    if bits > 8:
        with pytest.raises(UserError, match=f"grey values up to {2**bits - 1:,}.*have 8 bits"):
            decoded(content, (8, 8, 1), 8)


def png_of_sixteen_bits(values: np.ndarray, transparent: int | None = None) -> bytes:
    """A PNG file of (height, width, channels) values, which Pillow does not write."""

    def chunk(name: bytes, data: bytes) -> bytes:
        whole = name + data
        return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))

    height, width, channels = values.shape
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    clear = b"" if transparent is None else chunk(b"tRNS", struct.pack(">H", transparent))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0))
        + clear
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_colours_of_sixteen_bits_use_them_all_or_are_refused(channels):
    """Pillow reads the upper eight bits only, so that twelve would come out nearly black."""
    values = np.full((4, 4, channels), 65535, np.uint16)
    values[0] = 30000
    found = decoded(png_of_sixteen_bits(values), (4, 4, 3))
    assert found[1, 0].tolist() == [255] * 3
    values[..., : 1 if channels == 2 else 3] = 4095
    with pytest.raises(UserError, match="nearly black"):
        decoded(png_of_sixteen_bits(values), (4, 4, 3))


def test_a_transparent_grey_value_of_sixteen_bits_is_white():
    values = np.full((2, 2, 1), 1000, np.uint16)
    values[0, 0], values[1, 1] = 500, 1023
    found = decoded(png_of_sixteen_bits(values, transparent=500), (2, 2, 1))[..., 0]
    assert found.tolist() == [[255, 249], [249, 255]]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"])
def test_every_mode_of_eight_bits_becomes_grey_and_colour(mode):
    """White is white in each of them, but for the rounding of JPEG."""
    image = Image.new("RGB", (4, 4), "white").convert(mode)
    kind = "JPEG" if mode in ("CMYK", "YCbCr") else "PNG"
    for channels in (1, 3):
        assert decoded(saved(image, kind), (4, 4, channels)).min() >= 254


def test_the_first_picture_of_an_animation_is_taken():
    first, second = Image.new("RGB", (4, 4), "red"), Image.new("RGB", (4, 4), "blue")
    for kind in ("GIF", "WEBP", "PNG", "TIFF"):
        options = {"lossless": True} if kind == "WEBP" else {}
        content = saved(first, kind, save_all=True, append_images=[second], **options)
        assert decoded(content, (4, 4, 3))[0, 0].tolist() == [255, 0, 0], kind


def test_values_without_a_range_are_refused():
    with pytest.raises(UserError, match="32 bits"):
        decoded(saved(Image.fromarray(np.zeros((4, 4), np.float32)), "TIFF"), (4, 4, 1))


def test_a_device_needs_numpy_and_pillow_alone():
    code = (
        "import sys; sys.modules |= dict.fromkeys(['pydantic', 'keras', 'pandas', 'scipy']);"
        "from kerastc.images import contact_sheet, decoded; print('read')"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "read"
    code = (
        "import sys; sys.modules['PIL'] = None;"
        "from kerastc.images import decoded; decoded(b'', (8, 8, 3))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "pip install pillow" in said.stderr
