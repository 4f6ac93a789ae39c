"""Both engines of the store are held to the same contract; what is SQLite's own stands apart."""
