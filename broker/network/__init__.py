"""What a policy says about hosts and ports, and how that is decided."""
