"""Labelled images: sources, parts, duplicates."""
