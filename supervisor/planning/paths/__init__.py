"""Rules from paths: of options, of groups, of the machine."""
