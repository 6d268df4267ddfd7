"""`python -m nono.supervisor` is `nono`."""

from nono.supervisor.cli import main

main()
