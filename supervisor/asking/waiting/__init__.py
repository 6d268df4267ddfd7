"""The calls that wait: which are one question, and what an answer does to each of them."""
