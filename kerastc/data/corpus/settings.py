"""What a corpus is built with: the same settings and files give the same shards."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from kerastc.data.corpus.rules import RULES
from kerastc.data.corpus.shard_writer import SHARD_TOKENS
from kerastc.data.corpus.sketch import Bands
from kerastc.errors import UserError, nearest
from kerastc.text.preparation import TextPreparation

DUPLICATES = ("near", "exact", "keep")


@dataclass(frozen=True)
class BuildSettings:
    """The settings of `build`.

    Args:
        rules: of `RULES`, by which lines are left out, in their order.
        duplicates: "near" leaves out rows that are equal or near to an earlier one, "exact" equal
            ones, "keep" none.
        similarity: from what Jaccard index of their runs of five tokens rows are near.
        column: of the text in tables and JSON Lines; empty is "text".
        encoding: of text and JSON Lines.
        skip_damaged: whether lines that cannot be read are left out and counted; else the first
            one ends the work.
        languages: to tell apart by stop words, ISO 639-1; none are told if empty.
        preparation: steps before the tokenizer.
        shard_tokens: a shard ends with the block that reaches so many.
        bands: how near rows are found; follows from `similarity`.
    """

    rules: tuple[str, ...] = tuple(RULES)
    duplicates: str = "near"
    similarity: float = 0.8
    column: str = ""
    encoding: str = "utf-8"
    skip_damaged: bool = False
    languages: tuple[str, ...] = ()
    preparation: Mapping[str, Any] = field(default_factory=dict)
    shard_tokens: int = SHARD_TOKENS
    bands: Bands | None = None

    @classmethod
    def of(cls, keep: Sequence[str] = (), **given: Any) -> "BuildSettings":
        """Checks the settings.

        Args:
            keep: rules that are switched off, or "all".
            given: the other settings.

        Raises:
            UserError: one is not allowed.
        """
        for name in keep:
            if name not in (*RULES, "all"):
                raise UserError(
                    f"keep={name} is not allowed: there is no such rule.",
                    f"{nearest(name, RULES)} Rules are {', '.join(RULES)}, or all.".lstrip(),
                )
        rules = () if "all" in keep else tuple(rule for rule in RULES if rule not in keep)
        settings = cls(rules=rules, **given)
        if settings.shard_tokens < 1:
            raise UserError(f"shard_tokens={settings.shard_tokens} must be at least 1.")
        if settings.duplicates not in DUPLICATES:
            raise UserError(
                f"duplicates={settings.duplicates} is not allowed.",
                f"Allowed are {', '.join(DUPLICATES)}.",
            )
        if settings.languages:
            from kerastc.data.corpus.languages import Languages

            Languages(settings.languages)
        TextPreparation.of(settings.preparation)
        if settings.duplicates == "near":
            object.__setattr__(settings, "bands", Bands.of(settings.similarity))
        return settings

    def as_dict(self) -> dict[str, Any]:
        """For corpus.json; what has no effect is left out."""
        values = asdict(self)
        del values["bands"]
        if self.duplicates != "near":
            del values["similarity"]
        return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}
