"""Deciding for a run: the completed policy, its verdicts, and what was refused."""
