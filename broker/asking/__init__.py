"""Asking a person: what a question is, what may be answered, and what an answer opens."""
