"""Texts with a tag for each word: columns, CoNLL-U, spans of characters."""
