"""An image file of a user, as the array that a model takes. It needs NumPy and Pillow alone."""

import io
import warnings
from pathlib import Path

import numpy as np

from kerastc.errors import UserError

# Others are left out on purpose: some run a program (EPS), some have never seen a hostile file.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")


def decoded(source: str | Path | bytes, shape: tuple[int, int, int]) -> np.ndarray:
    """Reads an image, turned upright as its EXIF says, and resizes the whole of it.

    The sides are resized each for itself, so that nothing of the image is lost; where it gets
    smaller, every pixel counts (antialiasing). Transparent parts become white. Of an animation the
    first frame is taken. Sixteen bits a channel become eight.

    Args:
        source: a path, or the content of such a file.
        shape: (height, width, channels) of the result; 3 channels are RGB, 1 is grey.

    Returns:
        (height, width, channels) uint8.

    Raises:
        UserError: naming the file, where there is none, it is no image or a broken one, it has more
            pixels than Pillow holds safe, or Pillow is not installed.
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ModuleNotFoundError:
        raise UserError(
            "Image files are read by Pillow, which is not installed.", "pip install pillow"
        ) from None

    name, content = _content(source)
    height, width, channels = shape
    try:
        with warnings.catch_warnings():
            # Of too many pixels Pillow warns before it decodes them; of odd metadata, too.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                image.load()
                image = _plain(image, "RGB" if channels == 3 else "L")
    except UnidentifiedImageError:
        raise UserError(f"{name} is no image.", f"Give one of {', '.join(FORMATS)}.") from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise UserError(
            f"{name} has more than {Image.MAX_IMAGE_PIXELS:,} pixels, as files have that are made "
            "to fill the memory.",
            f"Give a smaller image; the model sees {height} x {width} pixels of it.",
        ) from None
    except Exception as error:  # what the decoders of broken files raise is of any type
        raise UserError(
            f"{name} is a broken image: {str(error) or type(error).__name__}.",
            "Save it anew, or get it again.",
        ) from None
    pixels = np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))
    return pixels.reshape(height, width, channels).copy()


def _content(source: str | Path | bytes) -> tuple[str, bytes]:
    """What messages call the source, and its bytes.

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


def _plain(image, mode: str):
    """The image upright, without transparency, in mode RGB or L."""
    from PIL import Image, ImageOps

    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16"):
        # Pillow would cut the values at 255.
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    elif image.mode in ("I", "F"):
        raise ValueError(f"pixels of 32 bits ({image.mode}) have no agreed range")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert(mode)
