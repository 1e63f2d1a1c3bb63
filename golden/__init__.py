"""Golden runs: what the command line gives now, compared to the last digit with an older commit.

`make golden BASE=COMMIT` takes every recipe and command through a tiny run, once from BASE and once
from the working tree, and prints what is equal and what is not. Nothing of kerastc is imported
here: its command line is what is compared.
"""
