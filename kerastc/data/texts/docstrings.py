"""English sentences that need no network: docstrings of Python packages, by area.

The source files of packages that kerastc installs anyway are parsed, never executed. A text is
the first paragraph of the docstring of a public module, class, function or method; its class is
the area of its package.
"""

import ast
import functools
import importlib.metadata
import importlib.util
import platform
import re
import sysconfig
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from kerastc.data.texts.duplicates import find_duplicates
from kerastc.data.texts.text_splits import sample_per_class
from kerastc.data.texts.texts import LabelledTexts
from kerastc.errors import UserError
from kerastc.progress import progress

SHORTEST, LONGEST = 40, 300  # characters
TEMPLATE = 5  # texts of a class that may begin, or end, with the same three words

# Package/path of each class's sources; `python` is the standard library.
PROBLEMS: dict[str, dict[str, tuple[str, ...]]] = {
    "general": {
        "data tables": (
            *("pandas/core/frame.py", "pandas/core/generic.py", "pandas/core/groupby"),
            *("pandas/core/indexes", "pandas/core/indexing.py", "pandas/core/resample.py"),
            *("pandas/core/reshape", "pandas/core/series.py", "pandas/core/strings"),
            *("pandas/core/tools", "pandas/core/window", "pandas/io", "pandas/tseries"),
        ),
        "mathematics": (
            *("scipy/integrate", "scipy/interpolate", "scipy/linalg", "scipy/optimize"),
            *("scipy/special", "scipy/stats", "numpy/linalg", "numpy/polynomial"),
        ),
        "networking": (
            *("python/email", "python/ftplib.py", "python/http", "python/imaplib.py"),
            *("python/ipaddress.py", "python/poplib.py", "python/smtplib.py", "python/socket.py"),
            *("python/socketserver.py", "python/ssl.py", "python/urllib", "python/wsgiref"),
            *("python/xmlrpc", "requests", "urllib3"),
        ),
        "neural networks": (
            *("keras/src/activations", "keras/src/callbacks", "keras/src/constraints"),
            *("keras/src/initializers", "keras/src/layers", "keras/src/losses"),
            *("keras/src/metrics", "keras/src/models", "keras/src/ops/nn.py"),
            *("keras/src/optimizers", "keras/src/quantizers", "keras/src/regularizers"),
            *("keras/src/trainers", "keras_hub/src/layers", "keras_hub/src/samplers"),
        ),
        "plotting": ("matplotlib",),
        "the terminal": ("click", "rich", "python/argparse.py", "python/cmd.py", "python/curses"),
    },
    "similar": {
        "calculus": (
            *("scipy/integrate", "scipy/interpolate", "scipy/special", "scipy/differentiate"),
            "numpy/polynomial",
        ),
        "linear algebra": (
            *("scipy/linalg", "scipy/sparse", "numpy/linalg", "numpy/lib/_twodim_base_impl.py"),
            *("numpy/matrixlib", "keras/src/ops/linalg.py", "sklearn/decomposition"),
            "sklearn/utils/extmath.py",
        ),
        "optimisation": ("scipy/optimize", "keras/src/optimizers"),
        "signal processing": (
            *("scipy/signal", "scipy/fft", "scipy/fftpack", "scipy/ndimage", "numpy/fft"),
            "keras/src/ops/image.py",
        ),
        "statistics": ("scipy/stats", "python/statistics.py", "sklearn/covariance"),
    },
}
DISTRIBUTIONS = {"sklearn": "scikit-learn", "keras_hub": "keras-hub"}  # where names differ
NOT_PUBLIC = {"tests", "testing", "externals", "_vendor", "_lib", "contrib", "backends"}

# Names that would give the area away: texts with one are dropped, paths shortened.
NAMES = r"numpy|np|scipy|sp|matplotlib|mpl|pyplot|plt|pandas|pd|keras|sklearn|click|rich|urllib3?"
PATH = re.compile(
    rf"\b(?:(?:{NAMES}|requests|http|email|tf|torch|jax)\.|\w\w+\.[A-Za-z_]\w*\.)"
    r"(?:\w+\.)*([A-Za-z_]\w*)"
)
NAMED = re.compile(
    rf"\b(?:{NAMES}|kerashub|keras_?hub|scikit-learn|tensorflow|pytorch|jax|aiohttp|axes_grid\w*)\b",
    re.IGNORECASE,
)
ROLE = re.compile(r":[\w:+-]+:`~?(?:[^`<]*?\.)?([^`<.]+?)(?:\s*<[^`>]*>)?`")
LINK = re.compile(r"`([^`<]+?)\s*<[^`>]*>`_+")
MARKUP = re.compile(r"\s*\[\w+\]_|`+_*|\*\*|(?<!\w)\*(?=\w)|(?<=\w)\*(?!\w)|\|(?=\w+\|)")
RELATIVE = re.compile(r"(?<![^\s(])(?:~\.?|\.)(?:\w+\.)*([A-Za-z_]\w*)")  # ~.Axes.plot
UNDERLINE = re.compile(r"[=\-~^*#\"']{4,}")
# A paragraph that begins like this is not prose: the next section, code, a list, a directive.
SECTION = re.compile(
    r"(?:args?|arguments|param\w*|returns?|yields?|raises|examples?|inputs?|call arguments|notes?|"
    r"attributes|see also|references|usage|reference|shape)\s*[:-]|>>>|\.\. |[-*+@#:|\d]",
    re.IGNORECASE,
)
BOILERPLATE = re.compile(
    r"^(?:alias|see|same as|equivalent to|like|as|override|overrid\w+|internal|private|helper|todo|"
    r"not implemented|return(?:s)? self|base class|abstract|stub|dummy|mixin)\b"
    r"|deprecated|inherited|subclass(?:es)? (?:should|must|may|can)|https?://|>>>|[{}%\\]|copyright"
    r"|backwards? compat|no-op|docstring|\bXXX\b|public api",
    re.IGNORECASE,
)


def read_docstrings(
    problem: Literal["general", "similar"], per_class: int = 0, seed: int = 0
) -> LabelledTexts:
    """Reads and labels the texts; the same versions of the packages give the same texts.

    Args:
        problem: "general" has distant areas, "similar" close ones (all mathematics).
        per_class: texts per class, drawn at random, but no more than the smallest class has; 0
            takes all there are.
        seed: for the draw.

    Returns:
        Texts of 40 to 300 characters. Equal and nearly equal ones occur once, or not at all if
        they come from several areas; most texts made from one template are dropped.

    Raises:
        UserError: a package is not installed, or has no source files.
    """
    if problem not in PROBLEMS:
        raise UserError(f"problem={problem!r} is not one of {', '.join(map(repr, PROBLEMS))}.")
    if per_class < 0:
        raise UserError(f"per_class={per_class} must be 0 (all) or more.")
    areas = PROBLEMS[problem]
    texts, names = [], []
    with progress("Reading docstrings", sum(map(len, areas.values()))) as advance:
        for area, sources in areas.items():
            found = _without_templates(_texts_of(sources, advance))
            if not found:
                raise UserError(
                    f"No texts on {area}: {', '.join(sources)} hold no source files (.py).",
                    "Install the packages with their sources, or give a file of your own: "
                    "kerastc train text data=FILE",
                )
            texts += found
            names += [area] * len(found)
    source = f"docstrings ({problem}) of {_versions(areas)}"
    data = _without_duplicates(LabelledTexts.of(texts, names, source))
    if not per_class:
        return data
    return sample_per_class(data, min(per_class, int(data.class_counts().min())), seed)


def _texts_of(sources: Sequence[str], advance) -> list[str]:
    found: dict[str, None] = {}  # a set that keeps the order
    for source in sources:
        for file in _files(source):
            found |= dict.fromkeys(_texts_in(file))
        advance()
    return list(found)


@functools.cache  # parsing takes seconds, and each compressed child reads its parent's data again
def _texts_in(file: Path) -> tuple[str, ...]:
    texts = (first_paragraph(docstring) for docstring in _docstrings(file))
    return tuple(text for text in texts if text)


def _files(source: str) -> list[Path]:
    package, _, inside = source.partition("/")
    if package == "python":
        root = Path(sysconfig.get_paths()["stdlib"])
    else:
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise UserError(
                f"The package {package!r}, whose texts are needed, is not installed.",
                f"pip install {DISTRIBUTIONS.get(package, package)}",
            )
        root = Path(next(iter(spec.submodule_search_locations)))
    path = root / inside
    files = [path] if path.suffix == ".py" else sorted(path.rglob("*.py"))
    return [
        file
        for file in files
        if file.is_file()
        and not file.stem.endswith("_test")
        and not NOT_PUBLIC.intersection(file.relative_to(root).parts)
    ]


def _docstrings(file: Path) -> Iterator[str]:
    """The docstrings of the module and of its public classes, functions and methods."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the parsed source, such as invalid escapes
        tree = ast.parse(file.read_bytes())
    nodes: list[ast.AST] = [tree]
    while nodes:
        node = nodes.pop()
        docstring = ast.get_docstring(node)
        if docstring:
            yield docstring
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            nodes += [
                child
                for child in reversed(node.body)
                if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
                and not child.name.startswith("_")
            ]


def first_paragraph(docstring: str) -> str:
    """The first paragraph as plain text, with the second if it is short; "" if unfit."""
    text = ""
    for paragraph in re.split(r"\n\s*\n", docstring.strip()):
        if UNDERLINE.search(paragraph) or SECTION.match(paragraph):
            if text:
                break
            continue
        text = f"{text} {plain_text(paragraph)}".strip()
        if len(text) >= SHORTEST:
            break
    fit = (
        SHORTEST <= len(text) <= LONGEST
        and text[0].isalpha()
        and len(text.split()) >= 6
        and sum(map(str.isalpha, text)) >= 0.7 * len(text)
        and not BOILERPLATE.search(text)
        and not NAMED.search(text)
    )
    return text if fit else ""


def plain_text(paragraph: str) -> str:
    """Removes reST and Markdown markup and module paths, and folds white space."""
    text = " ".join(paragraph.split())
    text = ROLE.sub(r"\1", text)
    text = LINK.sub(r"\1", text)
    text = MARKUP.sub("", text)
    text = PATH.sub(r"\1", RELATIVE.sub(r"\1", text))
    return " ".join(text.removesuffix(":").removesuffix(":").split())


def _without_templates(texts: Sequence[str]) -> list[str]:
    """Keeps only a few of the texts that begin or end alike ("... continuous random variable.")."""
    seen: Counter = Counter()
    kept = []
    for text in texts:
        words = text.casefold().split()
        keys = ("begins", *words[:3]), ("ends", *words[-3:])
        if all(seen[key] < TEMPLATE for key in keys):
            seen.update(keys)
            kept.append(text)
    return kept


def _without_duplicates(data: LabelledTexts) -> LabelledTexts:
    """One text from each group of duplicates; none if the group has several classes."""
    groups = find_duplicates(data, similarity=0.8).groups
    _, first = np.unique(groups, return_index=True)
    classes = np.zeros((len(first), len(data.classes)), bool)
    classes[groups, data.labels] = True
    single = classes.sum(axis=1) == 1
    kept = data.take(np.sort(first[single]))
    notes = {
        "duplicate texts dropped": len(data) - len(first),
        "texts of several areas dropped": int((~single).sum()),
    }
    return LabelledTexts(kept.examples, kept.labels, kept.classes, kept.source, notes)


def _versions(areas: Mapping[str, Sequence[str]]) -> str:
    packages = sorted({source.split("/")[0] for sources in areas.values() for source in sources})
    return ", ".join(
        f"Python {platform.python_version()}"
        if package == "python"
        else f"{package} {importlib.metadata.version(DISTRIBUTIONS.get(package, package))}"
        for package in packages
    )
