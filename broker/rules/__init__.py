"""Rules, and the patterns that they are made of: paths, hosts and addresses."""
