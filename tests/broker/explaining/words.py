"""What words for people may hold."""

import unicodedata


def is_safe(text: str) -> bool:
    """Nothing in it acts on a terminal, hides, or changes the order of what follows."""
    return text.isprintable() and not any(
        unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in text
    )
