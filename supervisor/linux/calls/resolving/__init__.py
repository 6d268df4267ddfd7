"""What the words of a caller mean: handles on what they name, taken once."""
