"""What a model answers, a room each: how it is decoded, measured, learned and shown."""
