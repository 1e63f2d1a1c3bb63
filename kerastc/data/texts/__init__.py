"""Labelled texts: sources, duplicates, a first look."""
