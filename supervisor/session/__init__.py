"""One run on any platform: prepared, started, waited for, ended."""
