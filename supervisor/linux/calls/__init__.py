"""System calls that the kernel hands to the broker: decided, and performed or refused."""
