"""Whether a folder's tokenizer.json gives the tokens that kerastc makes of its vocabulary."""

import json
from pathlib import Path

import tokenizers

from kerastc.errors import UserError
from kerastc.text.tokenizer import Tokenizer
from kerastc.text.tokens import SentencePiece

SAMPLES = (
    "The March of the Cats, in 2021: isn't it?",
    "Café ÀÉÎÕÜ naïve Straße İSTANBUL ﬁne",
    "東京 is 5,000 km away; 北京 too.",
    "e-mail: a_b@c.org (50 %) #tag $9.99",
    " two  spaces\tand a tab ",
    "\N{GRINNING FACE} Привет \N{EM DASH} x",
)


def require_same_tokens(folder: Path, tokenizer: Tokenizer) -> None:
    """Refuses a Hugging Face folder whose own tokenizer gives other tokens than ours.

    Sample texts and each added token are encoded by both.

    Raises:
        UserError: naming a text and both results, or that tokenizer.json cannot be read.
    """
    added = _added(folder)
    path = folder / "tokenizer.json"
    if not path.is_file():
        for token, number in added.items():
            inner = tokenizer.encode([token], 64)[0][1:-1].tolist()
            if inner != [number]:
                raise _refused(folder, "added_tokens.json", token, inner, [number])
        return
    try:
        theirs = tokenizers.Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing narrower
        raise UserError(f"{path} cannot be read: {error}", "Copy the whole model again.") from None
    theirs.no_padding()
    theirs.no_truncation()
    special = set()
    for token in theirs.get_added_tokens_decoder().values():
        special.add(token.content)
        if not token.special:
            added[token.content] = theirs.token_to_id(token.content)
    if isinstance(tokenizer, SentencePiece):
        # Special tokens spelled out in a text are plain text there.
        texts = [*SAMPLES, *(f"a {token} b" for token in added if token not in special)]
    else:
        texts = [*SAMPLES, *(f"a {token} b" for token in added)]
    for text, ids in zip(texts, tokenizer.encode(texts, 4096), strict=True):
        expected = theirs.encode(text).ids
        if ids.tolist() != expected:
            raise _refused(folder, "tokenizer.json", text, ids.tolist(), expected)


def _added(folder: Path) -> dict[str, int]:
    path = folder / "added_tokens.json"
    if not path.is_file():
        return {}
    try:
        added = json.loads(path.read_text("utf-8"))
        return {str(token): int(number) for token, number in added.items()}
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise UserError(f"{path} is damaged: {error}.", "Copy the whole model again.") from None


def _refused(folder: Path, name: str, text: str, ours: list[int], theirs: list[int]) -> UserError:
    return UserError(
        f"{folder} needs its own tokenizer: of {text!r} its {name} makes the ids "
        f"{_few(theirs)}, kerastc {_few(ours)}.",
        "kerastc reads the vocabulary alone. Put added tokens into it, and say do_lower_case, "
        "strip_accents and tokenize_chinese_chars in tokenizer_config.json.",
    )


def _few(ids: list[int], most: int = 12) -> str:
    return ", ".join(map(str, ids[:most])) + (", ..." if len(ids) > most else "")
