"""A first look at data."""
