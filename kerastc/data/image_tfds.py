"""Images from TensorFlow Datasets, by the name of the set."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from kerastc.data.image_shapes import common_size, resized, room_for
from kerastc.data.image_sources import ImageSource
from kerastc.data.images import LabelledImages, as_read, merged_notes, row_names
from kerastc.errors import UserError, nearest
from kerastc.progress import progress, tell

# No namespaces: those load programs from elsewhere.
NAME = re.compile(r"[a-z][a-z0-9_]*(/[\w.\-]+)?(:\d+\.(\d+|\*)\.(\d+|\*))?")
BATCH = 512  # images of one size that are read at a time


def read_tfds(name: str, size: tuple[int, int] | None = None) -> ImageSource:
    """Reads the parts `train` and, where there is one, `test` of a set.

    The set is looked for where TFDS keeps its own: TFDS_DATA_DIR, else ~/tensorflow_datasets. What
    is not there is fetched, which is told on standard error.

    Args:
        name: as TFDS takes it: "cifar100", "cifar10_corrupted/fog_3", "cifar100:3.0.2".
        size: height and width to bring images to. None leaves them as they are, or takes 32 x 32
            where they are of several sizes.

    Raises:
        UserError: TFDS is not installed, knows no such set or cannot fetch it; or the set is none
            of labelled images.
    """
    tfds = _package()
    builder = _builder(tfds, name)
    if not builder.is_prepared():
        _fetch(tfds, builder, name)
    image, label = _features(tfds, builder, name)
    classes, of_name = as_read(tuple(builder.info.features[label].names), f"tfds:{name}")
    there = list(builder.info.splits)
    if "train" not in there:
        raise UserError(f"tfds:{name} has no part `train`; it has {', '.join(there)}.")
    if size is None and None in builder.info.features[image].shape:
        parts = [part for part in ("train", "test") if part in there]
        sizes = {im.shape[1:3] for p in parts for im, _ in _batches(builder, p, image, label)}
        size = common_size(sizes, None)
    words = {"train": "train", "test": "test"} if "test" in there else {"train": "image"}
    source = f"{builder.info.name} {builder.info.version} of TensorFlow Datasets"
    parts, counts = [], np.zeros(len(of_name), int)
    for part, word in words.items():
        images, labels = _arrays(builder, part, image, label, size)
        counts += np.bincount(labels, minlength=len(of_name))
        rows = row_names(word, range(len(images)))
        parts.append(LabelledImages(images, of_name[labels], classes, rows, source))
    parts[0] = replace(parts[0], notes=merged_notes(classes, of_name, counts))
    return ImageSource(*parts)


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
        # It would take all the memory of a GPU that another backend is to train on.
        with suppress(RuntimeError):  # too late: TensorFlow has begun
            tf.config.set_visible_devices([], "GPU")
    return tfds


def _builder(tfds: Any, name: str) -> Any:
    if not NAME.fullmatch(name):
        raise UserError(
            f"tfds:{name} is no name of a set.", "Write tfds:NAME, NAME/CONFIG or NAME:1.2.3."
        )
    folder = os.environ.get("TFDS_DATA_DIR")
    try:
        return tfds.builder(name, data_dir=folder)
    except tfds.core.DatasetNotFoundError:
        known = tfds.list_builders(with_community_datasets=False)
        raise UserError(
            f"TensorFlow Datasets knows no set {name!r}, and there is none in "
            f"{folder or '~/tensorflow_datasets'}.",
            nearest(re.split("[/:]", name)[0], known) or "Names: tensorflow.org/datasets/catalog",
        ) from None
    except (ValueError, AssertionError, RuntimeError) as error:  # of a config or version
        raise UserError(f"tfds:{name} cannot be loaded: {error}") from None


def _fetch(tfds: Any, builder: Any, name: str) -> None:
    """Downloads and prepares a set, saying so."""
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
    except Exception as error:  # whatever the set's own program raises
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
            f"tfds:{name} is no set of grey or RGB images with one class each; it has {described}.",
            "Write its images and classes to a file: data=FILE.npz",
        )
    return keys[0], keys[1]


def _arrays(
    builder: Any, part: str, image: str, label: str, size: tuple[int, int] | None
) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, height, width, channels) uint8, and labels (n,) int32."""
    count = builder.info.splits[part].num_examples
    shape = builder.info.features[image].shape
    images = room_for(count, (*(size or shape[:2]), shape[-1]), f"tfds:{builder.info.name}")
    labels, row = np.empty(count, np.int32), 0
    with progress(f"Reading {part}", count) as advance:
        for some, their_labels in _batches(builder, part, image, label):
            stop = row + len(some)
            images[row:stop] = resized(some, size)
            labels[row:stop] = their_labels
            advance(len(some))
            row = stop
    if labels.min(initial=0) < 0:
        raise UserError(f"tfds:{builder.info.name}: images of {part} have no class (label -1).")
    return images, labels


def _batches(
    builder: Any, part: str, image: str, label: str
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Images and labels in the order of the files, single ones where sizes may differ."""
    rows = builder.as_dataset(split=part, shuffle_files=False)
    several = 1 if None in builder.info.features[image].shape else BATCH
    pairs = rows.map(lambda example: (example[image], example[label])).batch(several)
    return pairs.as_numpy_iterator()
