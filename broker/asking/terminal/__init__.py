"""A question on a terminal: its lines, which key counts when, and the modes that it undoes."""
