"""`python -m nono.supervisor` is `nono`."""

from nono.supervisor.cli.main import main

main()
