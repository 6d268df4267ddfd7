"""What a running sandbox is granted by a person without a question."""
