"""What nono writes down about a run, and the chain that holds it together."""
