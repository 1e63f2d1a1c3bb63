"""Labelled, unlabelled, validation and test images: by class, with no equal images across parts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from kerastc.data.drawing import draw_parts
from kerastc.data.images.duplicates import describe_duplicates, equal_groups
from kerastc.data.images.images import LabelledImages, UnlabelledImages, row_names
from kerastc.data.images.near_images import MOST, NOTE, near_copies
from kerastc.data.images.sources import ImageSource
from kerastc.data.images.stored import Images, joined, rows_of
from kerastc.data.splits import Splits
from kerastc.data.texts.duplicates import Duplicates
from kerastc.errors import UserError

DRAWN = ("test", "validation", "labelled")  # by class, in this order; then unlabelled
SHOWN = 5  # classes that an error names
TEST_SHARE = 0.2  # of all images, where there is no official test part
VALIDATION_SHARE = 0.15  # of the training part, before others are left out
MOST_VALIDATION = 1000  # images by that share


def split_images(
    source: ImageSource,
    seed: int,
    labelled: int | None = None,
    unlabelled: int | None = None,
    validation: int | None = None,
    test: int | None = None,
) -> Splits:
    """Draws the parts by class; equal images are never in two of them.

    Training images that equal one in a given test or validation part are left out. Other equal
    images stay together: where they do not fit, a class in a part is short of a row. Test and
    validation rows do not depend on how many labelled and unlabelled ones are asked for, and a
    larger labelled part contains the smaller ones, except for such equal images. Unlabelled images
    are drawn from the rest without looking at their labels.

    Args:
        source: the images.
        seed: of the draw.
        labelled, unlabelled, validation, test: numbers of images. None takes the source's number,
            else: labelled, all that are in no other part; unlabelled, the rest; validation, the
            source's own part, or 15 % of the training part (at least one per class, at most
            1,000); test, the official part, or 20 % of all.

    Raises:
        UserError: more images are asked for than there are, or a class is empty or has no
            labelled image.
    """
    fingerprint, sources = source.fingerprint, source.sources
    source, notes = _without_tested(source)
    train, given = source.train, {"test": source.test, "validation": source.validation}
    given = {name: part for name, part in given.items() if part is not None}
    check_classes(train)
    groups, *given_groups = equal_groups(
        train.examples, *(part.examples for part in given.values())
    )
    left_out = np.isin(groups, np.concatenate([*given_groups, groups[:0]]))
    pool = np.flatnonzero(~left_out)
    drawn = [name for name in DRAWN if name not in given]
    sizes = _sizes(source, {"labelled": labelled, "validation": validation, "test": test})
    everything = sizes["labelled"] is None
    if everything:
        others = sum(sizes[name] for name in drawn if name != "labelled")
        sizes["labelled"] = max(len(pool) - others - (unlabelled or 0), 1)
    _check_sizes(train, {name: sizes[name] for name in drawn}, unlabelled, len(pool))

    rng, classes = np.random.default_rng(seed), len(train.classes)
    part_of = np.full(len(train), -1)
    wanted = [sizes[name] for name in drawn]
    part_of[pool] = draw_parts(train.labels[pool], groups[pool], classes, wanted, rng)
    if everything and not unlabelled:  # do not waste groups that fitted nowhere
        part_of[part_of == len(drawn)] = drawn.index("labelled")
    rows = {name: np.flatnonzero(part_of == part) for part, name in enumerate(drawn)}
    rest = rng.permutation(np.flatnonzero(part_of == len(drawn)))[:unlabelled]
    _check_labelled(train, rows["labelled"])
    seen = np.sort(np.concatenate([np.flatnonzero(left_out), *rows.values()]))
    parts = {name: train.take(rows[name]) for name in drawn}
    for name, part in given.items():
        alone = np.arange(len(part))
        chosen = draw_parts(part.labels, alone, classes, [sizes[name]], rng) == 0
        rows[name] = np.flatnonzero(chosen)
        parts[name] = part.take(rows[name])
    word = "train" if given else "image"  # original names might reveal the class
    without = UnlabelledImages(rows_of(train.examples, rest), row_names(word, rest), train.source)
    notes["training images left out as equal to a given test or validation image"] = int(
        left_out.sum()
    )
    if source.unlabelled is not None:
        more = source.unlabelled
        kept = _apart(more.examples, parts["test"].examples, parts["validation"].examples)
        without = UnlabelledImages(
            joined(without.examples, rows_of(more.examples, kept)),
            np.concatenate([without.names, more.names[kept]]),
            train.source,
        )
        # Images that came without labels are numbered after those of the training part.
        rest = np.concatenate([rest, len(train) + kept])
        notes["unlabelled images left out as equal to a test or validation image"] = len(
            more
        ) - len(kept)
    notes |= _near(parts["labelled"].examples, without.examples, parts["validation"], parts["test"])
    return Splits(
        *(parts[name] for name in ("labelled", "validation", "test")),
        *(rows[name] for name in ("labelled", "validation", "test")),
        _duplicates(source, seen, groups, given, given_groups, left_out),
        sources=sources,
        fingerprint=fingerprint,
        notes={what: count for what, count in notes.items() if count},
        unlabelled=without,
        unlabelled_rows=rest,
    )


def _near(labelled: Images, unlabelled: Images, *judged: LabelledImages) -> dict[str, int]:
    """How many validation and test images nearly equal one that is learned from; they stay."""
    learned = joined(labelled, unlabelled)
    asked = joined(*(part.examples for part in judged))
    if len(asked) * len(learned) > MOST:
        return {f"images too many to look for near copies among ({MOST:,} pairs)": len(learned)}
    return {NOTE: len(near_copies(asked, learned))}


def _apart(images: Images, *others: Images) -> np.ndarray:
    """The rows of images that equal none of the others, ascending; all uint8, of one shape."""
    groups, *judged = equal_groups(images, *others)
    return np.flatnonzero(~np.isin(groups, np.concatenate(judged)))


def _without_tested(source: ImageSource) -> tuple[ImageSource, dict[str, int]]:
    """The source without given validation images that equal given test images, and its notes."""
    notes = source.notes
    test, validation = source.test, source.validation
    if test is None or validation is None:
        return source, notes
    kept = _apart(validation.examples, test.examples)
    if not len(kept):
        raise UserError(
            f"{validation.source}: every validation image equals a test image.",
            "Give other images to one of the two.",
        )
    notes["validation images left out as equal to a test image"] = len(validation) - len(kept)
    return replace(source, validation=validation.take(kept)), notes


def _sizes(source: ImageSource, asked: Mapping[str, int | None]) -> dict[str, int | None]:
    """Images per part except unlabelled: as asked, as the source states, or by share."""
    train = source.train
    given = {**source.counts, **{name: n for name, n in asked.items() if n is not None}}
    for name, part in (("test", source.test), ("validation", source.validation)):
        if part is None:
            continue
        if given.get(name, 0) > len(part):
            raise UserError(
                f"{name}={given[name]:,} images are asked for; the {name} part of {part.source} "
                f"has {len(part):,}.",
                f"Ask for 1 to {len(part):,}, or for none, which takes them all.",
            )
        given.setdefault(name, len(part))
    test = given.setdefault("test", round(TEST_SHARE * len(train)))
    training = len(train) - (test if source.test is None else 0)
    share = min(max(round(VALIDATION_SHARE * training), len(train.classes)), MOST_VALIDATION)
    given.setdefault("validation", share)
    return {"labelled": None} | given


def _check_sizes(
    train: LabelledImages, sizes: Mapping[str, int], unlabelled: int | None, there: int
) -> None:
    wanted = dict(sizes) if unlabelled is None else {"unlabelled": unlabelled, **sizes}
    total = sum(wanted.values())
    if total <= there:
        return
    terms = " + ".join(f"{name}={count}" for name, count in reversed(wanted.items()))
    left_out = len(train) - there
    raise UserError(
        f"{train.source}: more images are asked for than there are: {terms} make {total:,}, and "
        f"there are {there:,}" + (f"; {left_out:,} more equal a test image." if left_out else "."),
        "Ask for fewer; unlabelled=none takes what remains.",
    )


def check_classes(train: LabelledImages) -> None:
    """Refuses a single class, and classes without an image."""
    if len(train.classes) < 2:
        raise UserError(
            f"{train.source}: all images have one class, {train.classes[0]!r}.",
            "At least two classes are needed.",
        )
    empty = _empty(train.classes, train.labels)
    if empty:
        raise UserError(
            f"{train.source} has no training image of {empty}.",
            "Leave an empty class out of the names, or add images of it.",
        )


def _check_labelled(train: LabelledImages, rows: np.ndarray) -> None:
    empty = _empty(train.classes, train.labels[rows])
    if empty:
        raise UserError(
            f"{train.source}: none of the {len(rows):,} labelled images is of {empty}.",
            "Ask for more labelled images or fewer of other parts, add images, or leave the class "
            "out.",
        )


def _empty(classes: tuple[str, ...], labels: np.ndarray) -> str:
    """Names the classes without a label, for an error; "" if all have one."""
    without = np.flatnonzero(np.bincount(labels, minlength=len(classes)) == 0)
    names = ", ".join(repr(classes[i]) for i in without[:SHOWN])
    if len(without) > SHOWN:
        names += f" and {len(without) - SHOWN} more"
    return f"class{'es' * (len(without) > 1)} {names}" if len(without) else ""


def _duplicates(
    source: ImageSource,
    seen: np.ndarray,
    groups: np.ndarray,
    given: Mapping[str, LabelledImages],
    given_groups: Sequence[np.ndarray],
    left_out: np.ndarray,
) -> Duplicates:
    """What may be reported of equal images: `seen` are the training rows with known labels."""
    parts = [(source.train, seen, groups)]
    for part, numbers in zip(given.values(), given_groups, strict=True):
        parts.append((part, np.arange(len(part)), numbers))
    return describe_duplicates(
        np.concatenate([numbers[rows] for _, rows, numbers in parts]),
        np.concatenate([part.labels[rows] for part, rows, _ in parts]),
        np.concatenate([part.names[rows] for part, rows, _ in parts]),
        source.train.classes,
        exact=int((~left_out).sum() - len(np.unique(groups[~left_out]))),
        left_out=int(left_out.sum()),
    )
