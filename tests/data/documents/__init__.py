"""Documents made for the tests: PDFs as newspapers and ministries print them, and office files."""
