"""The Agent Client Protocol, between an editor and an agent in the sandbox."""
