"""Several processes that share one training: which one this is, and what they tell one another.

Each has the whole model and computes its rows of every batch; gradients and figures are those of
all rows, as one process would have them. Process 0 alone reads and writes the run.
"""
