"""From a query and its hits to an answer: quotes with a confidence, or a refusal."""
