"""What git reads and starts in a repository."""
