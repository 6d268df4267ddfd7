"""Programs that try to get out of a sandbox. They run inside, without nono's own modules."""
