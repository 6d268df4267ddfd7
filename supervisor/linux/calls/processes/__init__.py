"""Handlers for processes: forking, signals, priorities, other processes."""
