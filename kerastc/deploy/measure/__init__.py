"""Measures the cost and the accuracy of exported models."""
