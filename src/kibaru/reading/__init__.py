"""The reader: a question and a passage → the words that answer, and the probability that the passage answers."""
