"""The kinds of model input, a package each: from a user's examples to the arrays of a call."""
