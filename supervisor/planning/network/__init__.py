"""Rules from hosts, ports, services and agents' sockets."""
