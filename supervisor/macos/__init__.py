"""macOS: Seatbelt in the place of Landlock and the filter, the same decisions behind it."""
