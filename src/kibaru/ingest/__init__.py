"""From files to articles: `read_articles` is the way in."""

from kibaru.ingest.files import Failure, read_articles

__all__ = ["Failure", "read_articles"]
