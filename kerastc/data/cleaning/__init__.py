"""Cleaning of dirty tables."""
