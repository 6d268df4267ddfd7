"""What people are told about a run, a plan, a lesson or a replay."""
