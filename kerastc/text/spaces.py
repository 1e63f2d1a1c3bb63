"""Which texts are written without spaces between words."""

import re
from collections.abc import Iterable

# Thai, Lao, Tibetan, Myanmar, Khmer, kana, Han: Unicode blocks of scripts without word spaces.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\ua9e0-\ua9ff\uaa60-\uaa7f\uf900-\ufaff"
    "\uff66-\uff9f\U00020000-\U0003134f]"
)
SHARE = 0.1  # of the characters: in mixed texts the words between spaces carry too little


def without_spaces(texts: Iterable[str]) -> bool:
    """Whether at least a tenth of the characters are from scripts without spaces between words."""
    found = characters = 0
    for text in texts:
        characters += sum(map(len, text.split()))
        if not text.isascii():
            found += len(_UNSPACED.findall(text))
    return found > 0 and found >= SHARE * characters
