"""What a client says to nono's proxy: where it wants to go, by HTTP and by SOCKS, read as data."""
