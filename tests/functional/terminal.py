# SPDX-License-Identifier: LGPL-2.1-or-later
"""A terminal of the test's own: a program on a pseudo terminal, and what its screen shows (by pyte)."""

import fcntl
import os
import select
import signal
import struct
import subprocess
import termios
import time

import pyte
from orfeas_test import FAULTS, ORFEASCTL, PATIENCE_S


class Terminal:
    """orfeasctl on a screen of `columns` by `lines`."""

    def __init__(self, t, *arguments, columns=80, lines=24, env=None):
        self.screen = pyte.Screen(columns, lines)
        self.stream = pyte.ByteStream(self.screen)
        self.master, slave = os.openpty()
        self.bytes = b""
        self.size(columns, lines)
        # its session is its own, so that the terminal is its controlling one
        self.process = subprocess.Popen(
            [ORFEASCTL, *arguments], stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            env=t.environment({"TERM": "linux", "LC_ALL": "C.UTF-8", **(env or {})}),
        )
        os.close(slave)

    def size(self, columns, lines):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def resize(self, columns, lines):
        self.screen.resize(lines, columns)
        self.size(columns, lines)  # the kernel sends SIGWINCH

    def read(self):
        """What has come, for at most a moment; False: the other side has closed."""
        if not select.select([self.master], [], [], 0.05)[0]:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:  # how Linux says that the other side has closed
            return False
        self.bytes += data
        self.stream.feed(data)
        return bool(data)

    def text(self):
        return "\n".join(line.rstrip() for line in self.screen.display)

    def wait(self, predicate, what):
        """Until predicate(text) is true; returns the text."""
        end = time.monotonic() + PATIENCE_S
        while True:
            text = self.text()
            if predicate(text):
                return text
            assert time.monotonic() < end, f"waited for {what}; the screen shows:\n{text}"
            self.read()

    def shows(self, *parts):
        return self.wait(lambda text: all(part in text for part in parts), parts)

    def press(self, keys):
        os.write(self.master, keys.encode())

    def close(self):
        """Its exit status; what it still writes is read, for else it would wait."""
        end = time.monotonic() + PATIENCE_S
        while self.process.poll() is None and time.monotonic() < end:
            self.read()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            raise AssertionError(f"it did not end; the screen shows:\n{self.text()}")
        while self.read() and select.select([self.master], [], [], 0)[0]:
            pass
        os.close(self.master)
        said = self.bytes.decode(errors="replace")
        assert not FAULTS.search(said), said[-3000:]
        return self.process.returncode
