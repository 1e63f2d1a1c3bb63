"""Texts that tokenizers disagree on: accents, scripts, control characters, special tokens."""

NASTY = [
    "",
    "   ",
    "hello world",
    "Café naïve Ünïcödé Ångström ÇEDILLA",
    "Cafe\u0301 o\u0308 a\u0327\u0323",
    "?!...,,,;;--''\"\"((([[]]))) $^`~|<>=+ a_b#c @user",
    "東京は日本の首都 你好，世界。",  # noqa: RUF001
    "カタカナ 한국어 ไทย",
    "שלום עולם, בְּרֵאשִׁית",
    "مرحبا بالعالم مَرْحَبًا",
    "emoji 😀 👩‍👩‍👧‍👦 🇮🇱 ❤️ 👍🏽",
    "zero\u200bwidth zero\u200djoiner soft\u00adhyphen \ufeffbom \u2060x",
    "nul\0l bell\a esc\x1b \x7f del \x85 next",
    "tab\tnew\nline\r\nfeed\f vertical\v nb\u00a0sp em\u2003sp ideo\u3000sp \u2028 \u2029",
    "a" * 100 + " " + "b" * 101 + " " + "é" * 60 + " " + "é" * 101,
    "Ω ≈ ç √ ∫ µ ≤ ≥ ÷ ﬁ ﬂ ℌ ① Ⅷ ½ ² ™ € ₪",  # noqa: RUF001
    "İstanbul ı ſ ß ẞ Σίσυφος ΣΊΣΥΦΟΣ ǅ",  # noqa: RUF001
    "[SEP] inside [CLS] and [MASK], [PAD] [UNK] [sep] [Sep]",
    "replacement \ufffd private \ue000 unassigned \U000e0001 \U0001f9ff",
    "don't can't 12345 3.14159 1,000,000 e-mail x86_64 C++ #1",
    "word " * 200,
]
