"""A user's image file as the array that a model takes. It needs only NumPy and Pillow."""

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from kerastc.errors import UserError

if TYPE_CHECKING:
    from PIL.Image import Image

ORIENTATION, SIDEWAYS = 0x0112, (5, 6, 7, 8)  # EXIF's tag, and its values for lying images
BICUBIC = 3  # of Pillow, which is imported only where there is an image
# stretch: the sides are resized apart | pad: all of it between grey edges | crop: the middle
Fit = Literal["stretch", "pad", "crop"]
EDGE = 127  # the grey
DEPTHS = (8, 10, 12, 14, 16)  # bits that cameras and scanners use in files with 16 bits per channel
# Others are left out on purpose: some run programs (EPS), some are not hardened against attacks.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")


def decoded(
    source: str | Path | bytes,
    shape: tuple[int, int, int],
    bits: int | None = None,
    fit: Fit = "stretch",
) -> np.ndarray:
    """Reads an image, turns it upright by its EXIF data, and resizes it.

    The sides are resized separately, so that nothing of the image is lost; or its aspect is kept.
    If it gets smaller, every pixel counts (antialiasing). Transparent parts become white.
    Animations give their first frame. Grey values v in 16-bit files become
    255 v / (2^bits - 1), rounded, or 255 minus that in a TIFF file whose 0 is white; colour files
    with 16 bits per channel must use them all, since Pillow reads only the upper 8.

    Args:
        source: a path, or the content of a file.
        shape: (height, width, channels) of the result; 3 channels are RGB, 1 is grey.
        bits: bits in use in grey 16-bit files; None takes the smallest of `DEPTHS` that holds the
            largest value in this image.
        fit: "stretch" keeps the whole image; "pad" its aspect, too, with grey at two edges; "crop"
            keeps the aspect and the middle. Without "stretch" a JPEG far larger than wanted is
            decoded at a half, a quarter or an eighth of its sides, at least twice those wanted.

    Returns:
        (height, width, channels) uint8.

    Raises:
        UserError: naming the file, if it is missing, not an image or a broken one, or has more
            pixels than Pillow deems safe; or Pillow is not installed.
    """
    height, width, channels = shape
    with opened(source) as (image, content):
        if fit != "stretch":
            image.draft(None, (2 * max(height, width),) * 2)
        image.load()
        _check_deep_colour(image, content)
        plain = _plain(image, "RGB" if channels == 3 else "L", bits)
        if fit == "pad":
            pixels = np.asarray(_padded(plain, (width, height)))
        else:
            box = _middle(plain.size, width / height) if fit == "crop" else None
            pixels = np.asarray(plain.resize((width, height), BICUBIC, box))
    return pixels.reshape(height, width, channels).copy()


def _padded(image: "Image", size: tuple[int, int]) -> "Image":
    """An image within a given width and height, around its centre."""
    from PIL import Image

    share = min(wanted / side for wanted, side in zip(size, image.size, strict=True))
    inner = tuple(max(1, round(share * side)) for side in image.size)
    canvas = Image.new(image.mode, size, (EDGE,) * len(image.getbands()))
    place = tuple((wanted - side) // 2 for wanted, side in zip(size, inner, strict=True))
    canvas.paste(image.resize(inner, BICUBIC), place)
    return canvas


def _middle(size: tuple[int, int], aspect: float) -> tuple[float, float, float, float]:
    """The largest part of an image around its centre with a given width over height: its edges."""
    width, height = size
    part = min(width, height * aspect), min(height, width / aspect)
    left, top = (width - part[0]) / 2, (height - part[1]) / 2
    return left, top, left + part[0], top + part[1]


@contextmanager
def opened(source: str | Path | bytes) -> Iterator[tuple["Image", bytes]]:
    """Yields a Pillow image, not decoded yet, and the content of its file.

    Raises:
        UserError: as in `decoded`, for whatever goes wrong in the block.
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ModuleNotFoundError:
        raise UserError(
            "Image files are read by Pillow, which is not installed.", "pip install pillow"
        ) from None

    # Pillow would also print what it raises. Both settings stay: threads share them.
    logging.getLogger("PIL").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module=r"PIL\.")
    name, content = _content(source)
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            if image.width * image.height > Image.MAX_IMAGE_PIXELS:
                raise Image.DecompressionBombError  # not before twice as many, if left to Pillow
            yield image, content
    except UnidentifiedImageError:
        raise UserError(f"{name} is not an image.", f"Give one of {', '.join(FORMATS)}.") from None
    except Image.DecompressionBombError:
        raise UserError(
            f"{name} has more than {Image.MAX_IMAGE_PIXELS:,} pixels, like files that are made to "
            "fill the memory.",
            "Give a smaller image.",
        ) from None
    except _Refused as error:
        raise UserError(f"{name}: {error}.", "Save it with 8 bits a channel.") from None
    except Exception as error:  # decoders raise any type on broken files
        raise UserError(
            f"{name} is a broken image: {str(error) or type(error).__name__}.",
            "Save it again, or get another copy.",
        ) from None


def _content(source: str | Path | bytes) -> tuple[str, bytes]:
    """The source's name in messages, and its bytes.

    Raises:
        UserError: the file cannot be read.
    """
    if isinstance(source, bytes):
        return f"What was given ({len(source):,} bytes)", source
    path = Path(source)
    try:
        return str(path), path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"There is no file {path}.", "Check the path.") from None
    except OSError as error:
        raise UserError(
            f"{path} cannot be read: {error.strerror}.", "Give an image file."
        ) from None


class _Refused(Exception):
    """An intact image whose values have no agreed meaning."""


def is_deep(image) -> bool:
    """Whether an open image is grey with 16 bits per pixel.

    Pillow gives such values from a PGM file as 32 bits, scaled from the range that it declares.
    """
    return image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PPM")


def upright_size(image) -> tuple[int, int]:
    """Height and width of an open image once it is turned upright by its EXIF data."""
    width, height = image.size
    lying = image.getexif().get(ORIENTATION) in SIDEWAYS
    # Pillow turns TIFF files itself, and their size is already the final one.
    return (width, height) if lying and image.format != "TIFF" else (height, width)


def depth(largest: int) -> int:
    """The smallest of `DEPTHS` that holds a 16-bit value."""
    return next(bits for bits in DEPTHS if largest < 2**bits)


def _check_deep_colour(image, content: bytes) -> None:
    """Refuses colours with 16 bits per channel that use only the lower bits, which Pillow drops.

    Raises:
        _Refused: all values are below 2^14.
    """
    if image.format == "PNG":
        deep = content[24] == 16  # in the header, always the first chunk
    else:
        deep = 16 in getattr(image, "tag_v2", {}).get(258, ())  # BitsPerSample of TIFF
    if deep and image.mode in ("LA", "RGB", "RGBA"):
        colours = image.getextrema()[: 1 if image.mode == "LA" else 3]
        if max(high for _, high in colours) < 64:
            raise _Refused(
                "it has colours of 16 bits per channel, but uses the lower 14 bits at most, so "
                "that it would be nearly black"
            )


def _plain(image, mode: str, bits: int | None):
    """The image upright, without transparency, in mode RGB or L."""
    from PIL import Image, ImageOps

    deep, negative = is_deep(image), _is_negative(image)
    image = ImageOps.exif_transpose(image)
    if deep:
        values = _eight_bits(np.asarray(image), image.info.get("transparency"), bits)
        image = Image.fromarray(255 - values if negative else values)
    elif image.mode in ("I", "F"):
        raise _Refused(f"pixels of 32 bits ({image.mode}) have no agreed range")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert(mode)


def scaled(values: np.ndarray, bits: int) -> np.ndarray:
    """Values v of 0 to 2^bits - 1 as uint8: 255 v / (2^bits - 1), rounded."""
    return np.rint(values.astype(np.float32) * np.float32(255 / (2**bits - 1))).astype(np.uint8)


def _is_negative(image) -> bool:
    """Whether 0 is white; Pillow inverts such TIFF files itself if they have 8 bits or fewer."""
    photometric = 262
    return getattr(image, "tag_v2", {}).get(photometric) == 0


def _eight_bits(values: np.ndarray, clear: int | None, bits: int | None) -> np.ndarray:
    """Grey values of up to 16 bits as uint8; those equal to `clear` are transparent: white."""
    largest = int(values.max())
    bits = bits or depth(largest)
    if largest >= 2**bits:
        raise _Refused(
            f"it has grey values up to {largest:,}, but those of the training images "
            f"have {bits} bits, below {2**bits:,}"
        )
    grey = scaled(values, bits)
    if isinstance(clear, int):
        grey[values == clear] = 255
    return grey
