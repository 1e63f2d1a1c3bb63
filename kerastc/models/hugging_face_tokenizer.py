"""Writes a tokenizer so that `transformers` reads texts as we do: `AutoTokenizer`."""

import json
from pathlib import Path
from typing import Any

from kerastc.text.tokenizer import FILE, OF_ROWS, Tokenizer

CONFIG = "tokenizer_config.json"


def write_tokenizer(
    folder: Path, tokenizer: Tokenizer, max_length: int, segments: bool
) -> dict[str, int]:
    """Writes tokenizer.json and tokenizer_config.json.

    Only tokens that are special in tokenizer.json have a role: any other would become special in
    texts, too, which would then be read differently.

    Args:
        folder: exists.
        tokenizer: any.
        max_length: tokens at which `truncation=True` cuts.
        segments: whether the model takes the index of the text that each token is from.

    Returns:
        what config.json has of it: "pad_token_id", "cls_token_id", ...
    """
    (folder / FILE).write_text(_without_rows(tokenizer), "utf-8")
    roles = roles_of(tokenizer)
    names = ["input_ids", *["token_type_ids"] * segments, "attention_mask"]
    config = {
        # Of any kind: its own classes would make a tokenizer of their own.
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": max_length,
        "model_input_names": names,
        "padding_side": "right",
        "truncation_side": "right",
        "clean_up_tokenization_spaces": False,
        **{f"{role}_token": tokenizer.token(number) for role, number in roles.items()},
    }
    text = json.dumps(config, indent=2, ensure_ascii=False)
    (folder / CONFIG).write_text(f"{text}\n", "utf-8")
    return {f"{role}_token_id": roles.get(role) for role in ("pad", "bos", "eos")}


def roles_of(tokenizer: Tokenizer) -> dict[str, int]:
    """The ids of special tokens by what they are for: "pad", "unk", "cls", "sep", "mask", ..."""
    before, *_, after = tokenizer.frame().ids
    found = {
        "pad": tokenizer.pad_id,
        "unk": tokenizer.unknown_id,
        "cls": int(before[0]) if len(before) else None,
        "sep": int(after[-1]) if len(after) else None,
        "mask": tokenizer.mask_id,
        "bos": tokenizer.id("<s>"),
        "eos": tokenizer.id("</s>"),
    }
    added = tokenizer.described()["added_tokens"]
    special = {token["id"] for token in added if token["special"]}
    return {role: number for role, number in found.items() if number in special}


def _without_rows(tokenizer: Tokenizer) -> str:
    """The file without truncation, padding and dropout, which we do not apply either."""
    told: dict[str, Any] = tokenizer.described()
    if not (told.get("truncation") or told.get("padding") or told["model"].get("dropout")):
        return tokenizer.content
    if "dropout" in told["model"]:
        told["model"]["dropout"] = None
    return json.dumps({**told, **OF_ROWS}, ensure_ascii=False)
