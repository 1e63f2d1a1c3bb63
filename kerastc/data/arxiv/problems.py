"""Which arXiv categories make up which class: the ready problems, and the user's own."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kerastc.errors import UserError

TEXTS_PER_CLASS = 540  # for classes that the user defines without a count: as in `similar`

CATEGORY = re.compile(r"[a-z]+(-[a-z]+)*(\.[A-Za-z]+(-[a-z]+)*)?")


@dataclass(frozen=True)
class ArxivClass:
    """A class made up of categories.

    Args:
        categories: names from arXiv's taxonomy, e.g. `cs.AI`; an archive such as `cond-mat` means
            everything filed under it.
        texts: how many texts to draw, as evenly as possible over the categories.
    """

    categories: tuple[str, ...]
    texts: int


def _archive(archive: str, names: str) -> tuple[str, ...]:
    return tuple(f"{archive}.{name}" for name in names.split())


COMPUTER_SCIENCE = _archive(
    "cs",
    "AI AR CC CE CG CL CR CV CY DB DC DL DM DS ET FL GL GR GT HC "
    "IR IT LG LO MA MM MS NA NE NI OH OS PF PL RO SC SD SE SI SY",
)
PHYSICS = _archive(
    "physics",
    "acc-ph ao-ph app-ph atm-clus atom-ph bio-ph chem-ph class-ph comp-ph data-an ed-ph flu-dyn "
    "gen-ph geo-ph hist-ph ins-det med-ph optics plasm-ph pop-ph soc-ph space-ph",
)
# Without math.IT and math.MP, the 31st and 32nd: they are other names for cs.IT and math-ph, under
# which arXiv files their papers, so they are no paper's primary category. Their texts are drawn
# from the other thirty.
MATHEMATICS = _archive(
    "math",
    "AC AG AP AT CA CO CT CV DG DS FA GM GN GR GT HO KT LO MG NA NT OA OC PR QA RA RT SG SP ST",
)

PROBLEMS: dict[str, dict[str, ArxivClass]] = {
    "similar": {
        "AI": ArxivClass(("cs.AI",), 540),
        "FL": ArxivClass(("cs.FL",), 540),
        "DS": ArxivClass(("cs.DS",), 540),
    },
    "general": {
        "Computer Science": ArxivClass(COMPUTER_SCIENCE, 640),
        "Physics": ArxivClass(PHYSICS, 352),
        "Mathematics": ArxivClass(MATHEMATICS, 512),
    },
}


def arxiv_classes(
    problem: str,
    categories: Mapping[str, Sequence[str]] | None = None,
    counts: Mapping[str, int] | None = None,
) -> dict[str, ArxivClass]:
    """The classes of a ready problem, or those of the user's own categories and counts.

    Args:
        problem: a key of `PROBLEMS`.
        categories: class name to categories; in place of the problem's own classes.
        counts: class name to texts; the problem's own count for classes not named.

    Raises:
        UserError: an unknown problem or class, an ill-formed category, a category in two classes,
            a count below 1, fewer than two classes.
    """
    if problem not in PROBLEMS:
        raise UserError(f"No arXiv problem {problem!r}; there are: {', '.join(PROBLEMS)}")
    classes = dict(PROBLEMS[problem])
    if categories:
        known = classes
        classes = {
            name: ArxivClass(tuple(of), known[name].texts if name in known else TEXTS_PER_CLASS)
            for name, of in categories.items()
        }
    for name, texts in (counts or {}).items():
        if name not in classes:
            raise UserError(f"counts: no class {name!r}; there are: {', '.join(classes)}")
        if texts < 1:
            raise UserError(f"counts.{name}: {texts} given; at least 1 text is needed")
        classes[name] = ArxivClass(classes[name].categories, texts)
    if len(classes) < 2:
        raise UserError(f"categories: {len(classes)} class given; at least 2 are needed")
    _check_categories(classes)
    return classes


def _check_categories(classes: Mapping[str, ArxivClass]) -> None:
    seen: dict[str, str] = {}
    for name, arxiv_class in classes.items():
        if not arxiv_class.categories:
            raise UserError(f"categories.{name}: empty; name at least one, e.g. cs.AI")
        for category in arxiv_class.categories:
            check_category(category)
            for other, owner in seen.items():
                if covers(category, other) or covers(other, category):
                    raise UserError(
                        f"categories: {category} of class {name!r} and {other} of class {owner!r} "
                        "overlap; a category may be in one class only"
                    )
            seen[category] = name


def check_category(category: str) -> None:
    """Refuses anything but a category name; a checked name is safe as a file name.

    Raises:
        UserError: naming the value and the expected form.
    """
    if not CATEGORY.fullmatch(category):
        raise UserError(
            f"{category!r} is not an arXiv category such as cs.AI, physics.optics, quant-ph",
            "The list: https://arxiv.org/category_taxonomy",
        )


def covers(category: str, primary: str) -> bool:
    """Whether a paper filed under `primary` belongs to the category or archive `category`."""
    return primary == category or primary.startswith(f"{category}.")
