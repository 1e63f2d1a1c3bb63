"""A number a row: an output that the report has never heard of."""
