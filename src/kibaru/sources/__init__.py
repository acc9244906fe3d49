"""From sites to articles: fetching that reaches no private address, sources, and what keeps them in step."""
