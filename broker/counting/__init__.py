"""What a run's calls cost, in memory that is bounded: how many, how long, and about what."""
