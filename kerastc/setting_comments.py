"""The comment beside each setting in the source, which `kerastc show` prints."""

import ast
import functools
import inspect
import tokenize
from pathlib import Path

import pydantic

from kerastc.setting_types import is_group


def comments(config_class: type) -> dict[str, str]:
    """The trailing comment of each field, looked up through the base classes."""
    found: dict[str, str] = {}
    for base in reversed(config_class.__mro__):
        if is_group(base) and base is not pydantic.BaseModel:
            found |= {k: v for k, v in _class_comments(base).items() if v or k not in found}
    return found


@functools.cache
def _class_comments(config_class: type) -> dict[str, str]:
    source = Path(inspect.getsourcefile(config_class)).read_bytes()
    body = next(
        (
            node.body
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.ClassDef) and node.name == config_class.__name__
        ),
        [],
    )
    lines = iter(source.splitlines(keepends=True))
    comments = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.tokenize(lambda: next(lines, b""))
        if token.type == tokenize.COMMENT
    }
    return {
        node.target.id: comments.get(node.end_lineno, "")
        for node in body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
