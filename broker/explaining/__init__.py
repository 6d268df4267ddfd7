"""Verdicts in words: the one place that turns decisions into sentences."""
