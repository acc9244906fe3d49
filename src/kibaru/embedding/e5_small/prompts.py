"""The prompts of E5 models."""

PROMPTS = {"query": "query: ", "document": "passage: "}
"""What stands before queries and passages (https://huggingface.co/intfloat/multilingual-e5-small, "FAQ")."""
