"""Fetching from sites that may be hostile: checked addresses, limits, robots.txt."""
