"""From options and profiles to a plan: the policy and what belongs to it."""
