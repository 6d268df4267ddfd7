"""The answers that a question offers, and what each of them opens."""
