"""Figures of predictions, in NumPy alone: measured, with intervals, compared, recommended."""
