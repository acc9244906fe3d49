"""Web pages: bytes to the article that a page shows."""
