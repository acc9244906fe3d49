"""From files to articles: `read_articles` is the way in."""

from kibaru.ingest.files import read_articles
from kibaru.types import Failure

__all__ = ["Failure", "read_articles"]
