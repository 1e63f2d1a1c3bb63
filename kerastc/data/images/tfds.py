"""Images from TensorFlow Datasets, by the name of the set."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from kerastc.data.images.images import (
    LabelledImages,
    UnlabelledImages,
    as_read,
    merged_notes,
    row_names,
)
from kerastc.data.images.pixels import eight_bits
from kerastc.data.images.shapes import common_size, resized, room_for
from kerastc.data.images.sources import ImageSource
from kerastc.errors import UserError, nearest, out_of_memory
from kerastc.images.decoding import depth, scaled
from kerastc.progress import progress, tell

# No namespaces: those load code from elsewhere.
NAME = re.compile(r"[a-z][a-z0-9_]*(/[\w.\-]+)?(:\d+\.(\d+|\*)\.(\d+|\*))?")
BATCH = 512  # images of one size read at once


# The splits that are read, by the part that each becomes.
SPLITS = {
    "train": ("train",),
    "test": ("test",),
    "validation": ("validation", "valid", "val", "dev"),
    "unlabelled": ("unlabelled", "unlabeled"),
}


def read_tfds(
    name: str, size: tuple[int, int] | None = None, bits: int | None = None
) -> ImageSource:
    """Reads `train` of a set, and test, validation and unlabelled splits if it has any.

    Images of other splits are counted. 16-bit pixels are scaled by the smallest of `DEPTHS` that
    holds the largest value, those with decimals as in a file of arrays.

    The set is looked for where TFDS keeps its own: TFDS_DATA_DIR, else ~/tensorflow_datasets. If it
    is not there, it is fetched, with a message on standard error.

    Args:
        name: as TFDS takes it: "cifar100", "cifar10_corrupted/fog_3", "cifar100:3.0.2".
        size: height and width to resize images to. None leaves them as they are, or takes 32 x 32
            if their sizes differ.
        bits: bits in use in 16-bit images in training, when a model is measured on these.

    Raises:
        UserError: TFDS is not installed, has no such set or cannot fetch it; or the set does not
            hold labelled images, or its pixels have no agreed range.
    """
    tfds = _package()
    with _told(name):
        builder = _builder(tfds, name)
        if not builder.is_prepared():
            _fetch(tfds, builder, name)
        return _read(tfds, builder, name, size, bits)


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Turns TFDS's errors on damaged or missing files, of whatever type, into a `UserError`."""
    try:
        yield
    except Exception as error:
        if isinstance(error, UserError) or out_of_memory(error):
            raise
        said = next(iter(str(error).splitlines()), "")
        raise UserError(
            f"tfds:{name} cannot be read: {type(error).__name__} {said}",
            f"If its files are damaged, {_anew()}",
        ) from error


def _read(
    tfds: Any, builder: Any, name: str, size: tuple[int, int] | None, bits: int | None
) -> ImageSource:
    image, label = _features(tfds, builder, name)
    classes, of_name = as_read(tuple(builder.info.features[label].names), f"tfds:{name}")
    there = list(builder.info.splits)
    if "train" not in there:
        raise UserError(f"tfds:{name} has no part `train`; it has {', '.join(there)}.")
    found = {part: next((s for s in names if s in there), None) for part, names in SPLITS.items()}
    splits = {part: split for part, split in found.items() if split}
    source = _Set(builder, image, label, tuple(splits.values()))
    if size is None and None in builder.info.features[image].shape:
        size = common_size({im.shape[1:3] for im, _ in source.batches()}, None)
    scale, bits = source.scaling(bits)
    origin = f"{builder.info.name} {builder.info.version} of TensorFlow Datasets"
    parts, counts = {}, np.zeros(len(of_name), int)
    for part, split in splits.items():
        images, labels = source.arrays(split, size, scale, labelled=part != "unlabelled")
        rows = row_names(split if len(splits) > 1 else "image", range(len(images)))
        if part == "unlabelled":
            parts[part] = UnlabelledImages(images, rows, origin)
            continue
        counts += np.bincount(labels, minlength=len(of_name))
        parts[part] = LabelledImages(
            images, of_name[labels], classes, origin, names=rows, bits=bits
        )
    notes = merged_notes(classes, of_name, counts)
    if bits:
        told = f"images of 16 bits, of which {bits} are in use"
        notes[told] = sum(len(part.examples) for part in parts.values())
    for split in set(there) - set(splits.values()):
        count = builder.info.splits[split].num_examples
        notes[f"images in the part {split}, which is not read"] = count
    parts["train"] = replace(parts["train"], notes=notes)
    return ImageSource(**parts)


def _package() -> Any:
    try:
        import tensorflow as tf
        import tensorflow_datasets as tfds
    except ModuleNotFoundError as error:
        raise UserError(
            f"tfds: needs TensorFlow Datasets, and {error.name} is not installed.",
            "pip install 'kerastc[images]' tensorflow",
        ) from None
    if os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow":
        # It would take all the memory of the GPU that another backend trains on.
        with suppress(RuntimeError):  # too late: TensorFlow has begun
            tf.config.set_visible_devices([], "GPU")
    return tfds


def _builder(tfds: Any, name: str) -> Any:
    if not NAME.fullmatch(name):
        raise UserError(
            f"tfds:{name} is not the name of a set.", "Write tfds:NAME, NAME/CONFIG or NAME:1.2.3."
        )
    try:
        return tfds.builder(name, data_dir=os.environ.get("TFDS_DATA_DIR"))
    except tfds.core.DatasetNotFoundError:
        known = tfds.list_builders(with_community_datasets=False)
        raise UserError(
            f"TensorFlow Datasets has no set {name!r}, and there is none in {_data_dir()}.",
            nearest(re.split("[/:]", name)[0], known) or "Names: tensorflow.org/datasets/catalog",
        ) from None
    except (ValueError, AssertionError, RuntimeError) as error:  # of a config or version
        raise UserError(f"tfds:{name} cannot be loaded: {error}") from None


def _data_dir() -> str:
    return os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"


def _anew() -> str:
    return f"move its folder in {_data_dir()} away, and it is fetched again."


def _fetch(tfds: Any, builder: Any, name: str) -> None:
    """Downloads and prepares a set, with a message."""
    import requests

    elsewhere = (
        f"On a machine with network: tfds build {name} --data_dir DIR; then bring DIR here and set "
        "TFDS_DATA_DIR to it. Or give data=FILE.npz or a folder."
    )
    addresses = list(islice(builder.url_infos, 1))
    try:
        # TFDS itself tries ten times, for minutes.
        for address in addresses:
            requests.head(address, timeout=20, allow_redirects=True)
    except requests.RequestException as error:
        raise UserError(
            f"tfds:{name} is not in {builder.data_path} and cannot be fetched from {address}: "
            f"{type(error).__name__}.",
            elsewhere,
        ) from None
    tell(f"tfds:{name} is fetched and prepared, once, in {builder.data_path} …")
    try:
        builder.download_and_prepare(
            download_config=tfds.download.DownloadConfig(try_download_gcs=False)
        )
    except Exception as error:  # whatever the set's own code raises
        raise UserError(f"tfds:{name} cannot be prepared: {error}", elsewhere) from error


def _features(tfds: Any, builder: Any, name: str) -> tuple[str, str]:
    """The names of the image and of its class among the features of the set."""
    features = dict(builder.info.features.items())
    kinds = (tfds.features.Image, tfds.features.ClassLabel)
    keys = builder.info.supervised_keys
    if not keys:
        found = [[k for k, f in features.items() if isinstance(f, kind)] for kind in kinds]
        keys = [names[0] for names in found if len(names) == 1]
    fits = len(keys) == 2 and all(
        isinstance(features.get(key), kind) for key, kind in zip(keys, kinds, strict=True)
    )
    if not fits or features[keys[0]].shape[-1] not in (1, 3):
        described = ", ".join(f"{key} ({type(f).__name__})" for key, f in features.items())
        raise UserError(
            f"tfds:{name} is not a set of grey or RGB images with one class each; it has "
            f"{described}.",
            "Write its images and classes to a file: data=FILE.npz",
        )
    return keys[0], keys[1]


@dataclass(frozen=True)
class _Set:
    """The images and labels of a prepared set.

    Args:
        builder: of TFDS.
        image, label: names of features.
        splits: those to read.
    """

    builder: Any
    image: str
    label: str
    splits: tuple[str, ...]

    def batches(self, *splits: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Images and labels in the order of the files, one by one where sizes may differ.

        Args:
            splits: which to read; all unless given.
        """
        several = 1 if None in self.builder.info.features[self.image].shape else BATCH
        for split in splits or self.splits:
            rows = self.builder.as_dataset(split=split, shuffle_files=False)
            pairs = rows.map(lambda example: (example[self.image], example[self.label]))
            yield from pairs.batch(several).as_numpy_iterator()

    def scaling(
        self, bits: int | None
    ) -> tuple[Callable[[np.ndarray], np.ndarray] | None, int | None]:
        """The conversion of the images to uint8, None if they are; and the bits of 16-bit images.

        Args:
            bits: those in training; None takes the fewest that hold all images.

        Raises:
            UserError: a value needs more bits than these.
        """
        low = high = np.float64(0)
        whole = False
        for images, _ in self.batches():
            if images.dtype == np.uint8:
                return None, None
            whole = images.dtype.kind in "iu"
            low, high = np.minimum(low, images.min()), np.maximum(high, images.max())
        place = f"tfds:{self.builder.info.name}"
        if not whole:
            return partial(eight_bits, place=place, name=self.image, bounds=(low, high)), None
        bits = bits or depth(int(high))
        if high >= 2**bits:
            raise UserError(
                f"{place}: {self.image} has values up to {high:,.0f}, but those of the training "
                f"images have {bits} bits, below {2**bits:,}.",
                "Measure it on images of the same kind.",
            )
        return partial(scaled, bits=bits), bits

    def arrays(
        self,
        split: str,
        size: tuple[int, int] | None,
        scale: Callable[[np.ndarray], np.ndarray] | None,
        labelled: bool,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Images (n, height, width, channels) uint8, and labels (n,) int32, -1 without one.

        Args:
            split: which to read.
            size: height and width; None leaves them as they are.
            scale: as `scaling` gives it.
            labelled: whether each must have a label.
        """
        count = self.builder.info.splits[split].num_examples
        shape = self.builder.info.features[self.image].shape
        place = f"tfds:{self.builder.info.name}"
        images = room_for(count, (*(size or shape[:2]), shape[-1]), place)
        labels, row = np.empty(count, np.int32), 0
        with progress(f"Reading {split}", count) as advance:
            for some, their_labels in self.batches(split):
                stop = row + len(some)
                if stop > count:
                    row = stop
                    break
                images[row:stop] = resized(scale(some) if scale else some, size)
                labels[row:stop] = their_labels
                advance(len(some))
                row = stop
        if row != count:
            raise UserError(
                f"{place} has {'more' if row > count else f'{row:,}'} images in {split}; it states "
                f"{count:,}.",
                f"Its files are damaged: {_anew()}",
            )
        if labelled and labels.min(initial=0) < 0:
            raise UserError(f"{place}: images of {split} have no class (label -1).")
        return images, labels
