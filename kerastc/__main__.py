"""`python -m kerastc` is the same as `kerastc`."""

from kerastc.cli import main

main(prog_name="kerastc")
