"""Fetch from sites that may be hostile: checked addresses, limits on size and time, robots.txt, rate limits."""
