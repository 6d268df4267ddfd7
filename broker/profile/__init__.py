"""The format of profiles: text to settings, each with the place where it stands."""
