"""What exported models cost and are worth, measured."""
