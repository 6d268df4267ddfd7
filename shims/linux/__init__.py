"""Kernel interfaces of Linux, one module each."""
