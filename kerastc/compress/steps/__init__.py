"""The steps, one file each, and their parts."""
