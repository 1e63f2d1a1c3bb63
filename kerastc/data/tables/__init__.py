"""Readers of tables of every kind, and of plain text."""
