"""Parse web pages into articles: `extraction.extract_article` runs all steps in the sandbox."""
