"""Cutting of texts that are too long."""

TOO_LONG = "texts of more than {:,} {}, which are cut"  # a note on data: 128 tokens


def first_words(text: str, count: int) -> str:
    """The text with its white space folded, cut after `count` words."""
    return " ".join(text.split(maxsplit=count)[:count])


def cut_at_word(text: str, characters: int) -> str:
    """The text with its white space folded, cut before the word that would exceed `characters`."""
    text = " ".join(text.split())
    if len(text) <= characters:
        return text
    head = text[: characters + 1]
    space = head.rfind(" ")
    return head[:space] if space > 0 else text[:characters]
