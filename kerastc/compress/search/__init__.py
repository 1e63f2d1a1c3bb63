"""The search over chains of steps."""
