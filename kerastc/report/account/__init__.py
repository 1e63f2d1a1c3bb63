"""What compression cost and kept."""
