"""`nono run` by a process that is there already: what both sides know; Linux alone has it."""
