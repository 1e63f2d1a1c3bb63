"""Figures of predictions in NumPy alone: measured, with intervals, compared and chosen between."""
