"""The archive's SQLite database, the one truth."""
