"""Kibaru answers questions about a newsroom's articles with quotes, word for word, and their source."""

__version__ = "0.1.0"
