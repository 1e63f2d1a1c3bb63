"""The steps by name, and how the command line writes them: `low-rank:energy=0.9`."""

import re
from collections.abc import Sequence

from kerastc.compress.steps.distill import Distill
from kerastc.compress.steps.low_rank import LowRank
from kerastc.compress.steps.prune import Prune
from kerastc.compress.steps.quantize import Quantize
from kerastc.compress.steps.recover import Recover
from kerastc.compress.steps.step import Step
from kerastc.compress.steps.structured import Structured
from kerastc.compress.steps.vocabulary import Vocabulary
from kerastc.errors import UserError, nearest
from kerastc.settings import configure, fields

STEPS: dict[str, type[Step]] = {
    step.name: step for step in (Vocabulary, Structured, LowRank, Prune, Distill, Recover, Quantize)
}


def parse(words: Sequence[str]) -> list[Step]:
    """Reads steps, in their order: NAME, NAME:VALUE, NAME:KEY=VALUE,KEY=VALUE.

    Raises:
        UserError: an unknown step or field, a value that is not allowed, or an order that cannot
            work; nothing has been done yet.
    """
    if not words:
        raise UserError(
            "Which steps?", "For example: kerastc compress RUN vocabulary quantize:int8"
        )
    steps = [_step(word) for word in words]
    for index, step in enumerate(steps):
        if isinstance(step, Quantize) and index + 1 < len(steps):
            raise UserError(
                f"quantize makes a file that no further step can change; {words[index + 1]} comes "
                "after it.",
                "Put quantize last.",
            )
        step.check(steps[:index])
    return steps


def _step(word: str) -> Step:
    name, _, options = word.partition(":")
    if name not in STEPS:
        raise UserError(
            f"There is no step {name!r}; there are: {', '.join(STEPS)}.", nearest(name, STEPS)
        )
    step = STEPS[name]
    parts = re.split(r",(?![^\[]*\])", options) if options else []  # commas within brackets stay
    if parts and "=" not in parts[0]:
        if not step.short:
            raise UserError(f"{word}: {name} takes KEY=VALUE.", f"Fields: {_fields(step)}.")
        parts[0] = f"{step.short}={parts[0]}"
    try:
        return configure(step, parts)
    except UserError as error:
        raise UserError(f"{word}: {error.message}", f"Fields of {name}: {_fields(step)}.") from None


def _fields(step: type[Step]) -> str:
    return ", ".join(field.key for field in fields(step))
