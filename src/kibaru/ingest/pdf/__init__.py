"""PDF files: bytes to an article."""
