"""What a model is shown, a room each: from a user's examples to the arrays of a call."""
