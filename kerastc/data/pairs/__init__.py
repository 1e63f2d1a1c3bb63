"""Labelled pairs of texts: reading, parts, duplicates."""
