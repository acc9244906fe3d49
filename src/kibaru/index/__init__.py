"""The index of one generation: vectors and keywords, built, opened and searched."""
