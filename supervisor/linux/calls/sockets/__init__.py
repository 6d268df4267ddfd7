"""Handlers for sockets: connecting, sending, those of the sandbox and of others."""
