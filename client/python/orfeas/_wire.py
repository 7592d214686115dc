# SPDX-License-Identifier: LGPL-2.1-or-later
"""Opening sockets, and reading them no longer than a caller waits."""

from __future__ import annotations

import io
import socket
import ssl
import time
from typing import Optional

from . import errors
from ._address import Address
from ._deadline import Deadline
from ._failure import lost

# How often a Unix socket whose backlog is full is tried again: there is nothing to wait for then.
FULL_PAUSE_S = 0.01


def out_of_time(method: Optional[str] = None) -> errors.DeadlineExceeded:
    return errors.DeadlineExceeded("no answer in time", method=method)


def connect(address: Address, deadline: Deadline, context: Optional[ssl.SSLContext]) -> socket.socket:
    """A connected socket, with TLS where the scheme says so."""
    try:
        if address.scheme == "unix":
            return _connect_unix(address.path, deadline)
        return _connect_tcp(address, deadline, context)
    except ssl.SSLCertVerificationError as error:
        raise errors.PermissionDenied(f"{address} is not who it should be: {error.verify_message}") from error
    except OSError as error:
        if deadline.left() <= 0:
            raise out_of_time() from error
        reason = error.strerror or str(error)
        raise lost(f"no connection: {reason}. Is orfeasd running? Tried {address}", False) from error


def _connect_unix(path: str, deadline: Deadline) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    try:
        while True:
            try:
                connection.settimeout(_timeout(deadline))
                connection.connect(path)
                return connection
            except BlockingIOError:
                time.sleep(FULL_PAUSE_S)
    except BaseException:
        connection.close()
        raise


def _connect_tcp(address: Address, deadline: Deadline, context: Optional[ssl.SSLContext]) -> socket.socket:
    connection = socket.create_connection((address.host, address.port), _timeout(deadline))
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not address.is_tls:
            return connection
        connection.settimeout(_timeout(deadline))
        return (context or ssl.create_default_context()).wrap_socket(connection, server_hostname=address.host)
    except BaseException:
        connection.close()
        raise


def _timeout(deadline: Deadline) -> Optional[float]:
    """For socket.settimeout(), where 0 would mean not to wait."""
    wait = deadline.wait()
    if wait == 0:
        raise socket.timeout("the deadline passed")
    return None if wait < 0 else wait


class Wire(io.RawIOBase):
    """A socket that is used until a deadline: each read waits until then, not for a time of its own, so
    that a drip does not prolong it. As a file it is read; send() is beside that.
    """

    # Setting a time-out is a system call. One that is too short only wakes us early, so this is
    # kept from call to call while it is not too long.
    SLICE_S = 1.0

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._slice = self.SLICE_S
        self.deadline = Deadline(None)
        connection.settimeout(self._slice)

    def fileno(self) -> int:
        return self._socket.fileno()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while True:
            self._arm()
            try:
                return self._socket.recv_into(buffer)
            except socket.timeout:
                pass

    def send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            self._arm()
            try:
                view = view[self._socket.send(view):]
            except socket.timeout:
                pass

    def detach(self) -> None:
        """Leaves the socket to whom it belongs."""
        super().close()

    def close(self) -> None:
        super().close()
        self._socket.close()

    def _arm(self) -> None:
        left = _timeout(self.deadline)
        wanted = self.SLICE_S if left is None else min(left, self.SLICE_S)
        if wanted != self._slice:
            self._slice = wanted
            self._socket.settimeout(wanted)
