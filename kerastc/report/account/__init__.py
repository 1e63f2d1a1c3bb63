"""What compression cost and preserved."""
