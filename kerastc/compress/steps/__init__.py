"""The steps, a file each, and what they are made of."""
