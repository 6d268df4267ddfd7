"""Names, not addresses: the DNS stub, upstream resolution, and the connections made by name."""
