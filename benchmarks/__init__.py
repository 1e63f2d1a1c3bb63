"""Comparisons with other libraries, each as whole command-line processes on one machine."""
