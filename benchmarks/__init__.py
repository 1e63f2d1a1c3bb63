"""Comparisons with other libraries on one machine, each contender in processes of its own."""
