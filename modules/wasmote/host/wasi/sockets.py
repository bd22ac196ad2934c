"""wasi:sockets for one guest, of a board whose components reach no network: whoever wants a socket is told `access-denied`.

So nobody ever has one, and what needs one is never called: methods may be of any type, drops have nothing to do. Programs
link them all the same: close() of wasi-libc knows how to drop each kind of descriptor.
"""

from ...component import HostImport

_ACCESS_DENIED = (1, 1)


class Sockets:
    def __init__(self, imports):
        pass

    def rest(self, function):
        """The HostImport of a function that digests.py does not have, or None."""
        return HostImport(None, self.create_tcp_socket) if function.startswith("[method]") else None

    def instance_network(self):
        return 0

    def network_error_code(self, error):
        return None  # no error is one of the network

    def create_tcp_socket(self, family):
        return _ACCESS_DENIED

    create_udp_socket = create_tcp_socket

    def resolve_addresses(self, network, name):
        return _ACCESS_DENIED

    def drop_network(self, rep):
        pass

    drop_tcp_socket = drop_udp_socket = drop_resolve_address_stream = drop_network
    drop_incoming_datagram_stream = drop_outgoing_datagram_stream = drop_network
