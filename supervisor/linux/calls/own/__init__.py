"""What the sandbox made itself, and may therefore use."""
