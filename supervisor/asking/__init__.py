"""Asking a person while a call waits: whom, what came of it, and what a running sandbox allows."""
