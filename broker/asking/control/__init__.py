"""The control socket's protocol: what is said over it, and questions as plain data."""
