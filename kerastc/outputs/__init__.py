"""The kinds of output, one package each: how they are decoded, measured, learned and shown."""
