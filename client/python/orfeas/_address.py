# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where the daemon is, and what shows it who we are."""

from __future__ import annotations

import ipaddress
import os
import stat
from typing import NamedTuple, Optional
from urllib.parse import urlsplit

from . import errors

# A token file larger than this is no token file.
MAX_TOKEN_BYTES = 4096
DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class Address(NamedTuple):
    scheme: str  # http, https, ws, wss or unix
    host: str  # without brackets; empty for unix
    port: int
    path: str  # of the URL, or of the socket

    @property
    def is_tls(self) -> bool:
        return self.scheme in ("https", "wss")

    @property
    def is_loopback(self) -> bool:
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host.lower() == "localhost"

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    def as_websocket(self) -> Address:
        return self._replace(scheme={"http": "ws", "https": "wss"}.get(self.scheme, self.scheme))

    def __str__(self) -> str:
        return f"unix:{self.path}" if self.scheme == "unix" else f"{self.scheme}://{self.authority}{self.path}"


def parse(text: str) -> Address:
    """`http://127.0.0.1:5000`, `127.0.0.1:5000`, `wss://host/rpc`, `unix:/path`."""
    if text.startswith("unix:"):
        path = text[len("unix:"):]
        path = path[2:] if path.startswith("//") else path
        if not path:
            raise ValueError(f"{text!r} names no socket: write unix:/path")
        return Address("unix", "", 0, path)
    parts = urlsplit(text if "://" in text else "http://" + text)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError(f"{text!r} is no address: write http://127.0.0.1:5000, ws://… or unix:/path")
    if any(ord(char) <= 32 or ord(char) == 127 for char in text):
        raise ValueError(f"{text!r} has characters that no address has")
    port = parts.port if parts.port is not None else DEFAULT_PORTS[parts.scheme]
    return Address(parts.scheme, parts.hostname, port, parts.path if parts.path not in ("", "/") else "/rpc")


def default_socket() -> str:
    """As the daemon and orfeasctl find it."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(runtime):
        return os.path.join(runtime, "orfeas", "orfeas.sock")
    return f"/tmp/orfeas-{os.getuid()}/orfeas.sock"


def find_local() -> Address:
    path = default_socket()
    folder = os.path.dirname(path)
    try:
        info = os.lstat(folder)
    except OSError:
        return Address("unix", "", 0, path)  # connecting will say what is missing
    # /tmp is everyone's: a folder of that name which is not ours was put there to hear what we send
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.getuid():
        raise errors.PermissionDenied(f"{folder} belongs to someone else: name the socket")
    return Address("unix", "", 0, path)


def is_listener_of(port: int, owner: int) -> bool:
    """Whether all who listen at the port of this machine are that user or root: any user may take one that is free."""
    uids = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table, encoding="ascii") as file:
                rows = [line.split() for line in file][1:]
        except OSError:  # a kernel without it has no listeners there
            continue
        # local address and port, state (0A: it listens), user
        uids += [int(row[7]) for row in rows if row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == port]
    return bool(uids) and all(uid in (0, owner) for uid in uids)


def read_token(path: str) -> str:
    """The token in a plain file that its owner alone can read."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise errors.PermissionDenied(f"{path}: {error.strerror}") from error
    try:
        info = os.fstat(fd)
        if not stat.S_ISREG(info.st_mode) or info.st_mode & 0o077:
            raise errors.PermissionDenied(f"{path}: a token file is a plain file of mode 0600")
        return os.read(fd, MAX_TOKEN_BYTES).decode("ascii", "replace").strip()
    finally:
        os.close(fd)


class Credentials:
    """The token for each new connection. A cookie is read anew: each start of the daemon makes one.

    The one beside the default socket may be another daemon's than the one at this address, which then refuses it.
    """

    def __init__(self, token: Optional[str], cookie: Optional[str], address: Address) -> None:
        if token is not None and (not token or not token.isascii() or not token.isprintable() or " " in token):
            raise ValueError("a token is printable ASCII without spaces")
        self._token = token
        self._cookie = cookie
        self._refused: Optional[str] = None
        self._local = token is None and cookie is None and address.scheme != "unix" and address.is_loopback
        self._port = address.port

    def get(self) -> Optional[str]:
        if self._token is not None or self._cookie is not None:
            return self._token if self._token is not None else read_token(str(self._cookie))
        if not self._local:
            return None
        path = os.path.join(os.path.dirname(default_socket()), "cookie")
        try:
            if not is_listener_of(self._port, os.lstat(path).st_uid):
                return None
            found = read_token(path)
        except (OSError, errors.PermissionDenied):
            return None  # calls work without it, with fewer rights
        return found if not self.is_refused(found) else None

    def is_refused(self, token: Optional[str]) -> bool:
        return token is not None and token == self._refused

    def refuse(self, token: Optional[str]) -> bool:
        """It was refused; whether it was only found, so that trying without it is worth while."""
        if not self._local or token is None:
            return False
        self._refused = token
        return True
