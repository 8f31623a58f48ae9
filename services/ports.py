"""Free ports of this machine."""

import random
import socket
from contextlib import suppress

HOST = "127.0.0.1"
# Below the ports of outgoing connections (Linux from 32768, macOS from 49152): a server takes seconds to listen, and no
# connection of another program may get its port by chance meanwhile.
FREE_PORTS = range(20000, 32768)


def is_free(port: int) -> bool:
    """Whether a server could listen on that port of 127.0.0.1 now."""
    with socket.socket() as probe, suppress(OSError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
        probe.bind((HOST, port))
        return True
    return False


def free_port() -> int:
    """A free port of 127.0.0.1, chosen at random."""
    return next(port for port in random.sample(FREE_PORTS, len(FREE_PORTS)) if is_free(port))
