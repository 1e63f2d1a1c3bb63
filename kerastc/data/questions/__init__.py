"""Questions with answers in their contexts: reading, parts, duplicates."""
