"""Random augmentation of a training batch's images, and the policies named in papers."""

from typing import Annotated

import numpy as np
import pydantic
from pydantic import Field

from kerastc.errors import UserError
from kerastc.images import affine, colour, filters, placing
from kerastc.images.randaugment import rand_augment
from kerastc.settings import Config

Share = Annotated[float, Field(ge=0, lt=1)]
Fraction = Annotated[float, Field(ge=0, le=1)]

JITTERED = 0.8  # share of the images, SimCLR, appendix A
CROP_RATIOS = (3 / 4, 4 / 3)  # width to height, the same
CROP_TRIES = 10  # boxes drawn until one fits into the image, the same
BLUR = (0.1, 2.0)  # deviations in pixels, the same


class Augmentation(pydantic.BaseModel):
    """A policy: its operations, in the order of `__call__`, each drawn separately for each image.

    Sizes are shares of the image's side, so that a policy suits images of any size.
    """

    model_config = Config.model_config

    flip: bool = False  # half of the images, left to right; not for digits or letters
    shift: Share = 0.0  # of the side, at most, by whole pixels; 0.125: 4 of 32
    rotation: Annotated[float, Field(ge=0, le=180)] = 0.0  # degrees at most, either way
    zoom: Share = 0.0  # 0.1: 10 % smaller to 10 % larger
    crop: Fraction = 0.0  # least share of the area that a random resized crop keeps; 0: no crop
    randaugment: Annotated[int, Field(ge=0)] = 0  # operations on each image
    jitter: Annotated[float, Field(ge=0, le=1.25)] = 0.0  # strength of colour jitter, SimCLR's s
    grey: Fraction = 0.0  # share of the images that lose their colour
    blur: Fraction = 0.0  # share of the images that are blurred
    cutout: Fraction = 0.0  # side of a grey square as a share of the image's; 0.3: 10 of 32

    def __call__(self, images: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Augments a batch; the given array is not changed.

        Args:
            images: (n, h, w, c) uint8; c is 1 or 3.
            random: draws everything; the same state gives the same result.

        Returns:
            (n, h, w, c) uint8; the given array itself if the policy does nothing.

        Raises:
            UserError: the array has another type or shape.
        """
        _check(images)
        if not len(images):
            return images
        images = self._placed(images, random)
        images = rand_augment(images, self.randaugment, random)
        images = self._coloured(images, random)
        if self.blur:
            images = _blurred(images, self.blur, random)
        if side := round(self.cutout * min(images.shape[1:3])):
            rows, columns = (random.integers(length, size=len(images)) for length in _sides(images))
            images = placing.cut_out(images, rows, columns, side)
        return images

    def describe(self) -> str:
        """The policy in words, for a report."""
        words = {
            "flip": "mirrored left to right with probability 0.5",
            "shift": f"shifted by up to {self.shift:.1%} of the side",
            "rotation": f"rotated by up to {self.rotation:g} degrees",
            "zoom": f"zoomed by up to {self.zoom:.0%}",
            "crop": f"a random {self.crop:.0%} to 100% of the area, resized",
            "randaugment": f"{self.randaugment} RandAugment operations of random strength",
            "jitter": f"colour jitter of strength {self.jitter:g} with probability {JITTERED}",
            "grey": f"grey with probability {self.grey:g}",
            "blur": f"Gaussian blur with probability {self.blur:g}",
            "cutout": f"a grey square of {self.cutout:.0%} of the side",
        }
        return ", ".join(words[name] for name in words if getattr(self, name)) or "none"

    def _placed(self, images: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Flip and moves; pixels are interpolated only for rotations and resizing."""
        n = len(images)
        mirrored = random.random(n) < 0.5 if self.flip else np.zeros(n, bool)
        pixels = [round(self.shift * length) for length in _sides(images)]
        down, right = (random.integers(-most, most, size=n, endpoint=True) for most in pixels)
        if not (self.rotation or self.zoom or self.crop):
            images = placing.flipped(images, mirrored) if self.flip else images
            return placing.shifted(images, down, right) if any(pixels) else images
        maps = affine.scaling(np.ones(n), np.where(mirrored, -1, 1))
        maps = maps @ affine.translation(-down, -right)
        if self.rotation:
            maps = affine.rotation(random.uniform(-self.rotation, self.rotation, n)) @ maps
        if self.zoom:
            scale = 1 / random.uniform(1 - self.zoom, 1 + self.zoom, n)
            maps = affine.scaling(scale, scale) @ maps
        if self.crop:
            maps = _cropped(images, self.crop, random) @ maps
        return affine.warped(images, maps)

    def _coloured(self, images: np.ndarray, random: np.random.Generator) -> np.ndarray:
        n = len(images)
        if self.jitter:
            rows = np.flatnonzero(random.random(n) < JITTERED)
            spread = self.jitter * np.array([0.8, 0.8, 0.8, 0.2])
            factors = np.array([1, 1, 1, 0]) + random.uniform(-spread, spread, (n, 4))
            orders = random.permuted(np.tile(np.arange(4), (n, 1)), axis=1)
            images = images.copy()
            images[rows] = colour.jittered(images[rows], factors[rows], orders[rows])
        if self.grey:
            images = colour.greyed(images, random.random(n) < self.grey)
        return images


NONE = Augmentation()
WEAK = Augmentation(flip=True, shift=0.125)
STANDARD = Augmentation(flip=True, shift=0.125, cutout=0.3)
# FixMatch, section 2.3 and appendix D.
STRONG = Augmentation(flip=True, shift=0.125, randaugment=2, cutout=0.5)
# SimCLR, appendix B.9: on CIFAR half the strength of colour, and no blur.
CONTRASTIVE = Augmentation(flip=True, crop=0.08, jitter=0.5, grey=0.2)


def _check(images: np.ndarray) -> None:
    if images.ndim != 4 or images.shape[-1] not in (1, 3) or images.dtype != np.uint8:
        raise UserError(
            f"Images to augment are an array of {images.dtype} {images.shape}; it must be uint8, "
            "(images, height, width, channels), with 1 or 3 channels.",
            "Give pixels of 0 to 255; images are scaled in the model.",
        )


def _sides(images: np.ndarray) -> tuple[int, int]:
    """Height and width in pixels."""
    return images.shape[1], images.shape[2]


def _cropped(images: np.ndarray, least: float, random: np.random.Generator) -> np.ndarray:
    """Maps that read a random box, whose area and aspect ratio are drawn until it fits."""
    n = len(images)
    height, width = _sides(images)
    areas = random.uniform(least, 1, (n, CROP_TRIES)) * height * width
    ratios = np.exp(random.uniform(*np.log(CROP_RATIOS), (n, CROP_TRIES)))
    heights, widths = np.sqrt(areas / ratios), np.sqrt(areas * ratios)
    # The first that fits; if none does, the first one, cut to the image.
    first = (np.arange(n), np.argmax((heights <= height) & (widths <= width), axis=1))
    h, w = np.minimum(heights[first], height), np.minimum(widths[first], width)
    down, across = (
        random.uniform(-1, 1, n) * (side - box) / 2 for side, box in ((height, h), (width, w))
    )
    return affine.translation(down, across) @ affine.scaling(h / height, w / width)


def _blurred(images: np.ndarray, share: float, random: np.random.Generator) -> np.ndarray:
    """Blurs a share of the images; the filter spans a tenth of the side, as in SimCLR."""
    side = min(_sides(images))
    radius = min(max(side // 20, 1), side - 1)
    rows = np.flatnonzero(random.random(len(images)) < share)
    blurred = images.copy()
    blurred[rows] = filters.blurred(images[rows], random.uniform(*BLUR, len(rows)), radius)
    return blurred
