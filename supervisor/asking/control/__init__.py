"""Who answers over the control socket: its server, its clients, and the ways that lead to one."""
