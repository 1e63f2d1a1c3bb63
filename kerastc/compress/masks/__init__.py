"""Which weights are zero, when they become so, and how they stay so."""
