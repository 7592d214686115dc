# SPDX-License-Identifier: LGPL-2.1-or-later
"""The faults below a daemon (shim/): what is armed in the page that both share, and what was met of it."""

import mmap
import os
import struct

PATH = os.environ.get("ORFEAS_SHIM", "build/tests/torture/shim/libtorture-shim.so")

# As shim.h has them.
OPS = {"open": 1, "read": 2, "write": 4, "sync": 8, "truncate": 16, "rename": 32, "unlink": 64}
FILES = {"database": 1, "wal": 2, "index": 4, "other": 8}
ACTIONS = ("fail", "kill", "kill after", "kill torn", "delay", "short")
FIELDS = ("ops", "files", "skip", "times", "action", "number", "met", "memory_skip", "memory_times", "memory_met", "clock_us", "n_recorded", "statement_action",
          "statement_skip")
STATEMENT_ACTIONS = ("pass", "kill", "kill after", "kill in commit")
MAX_STATEMENT = 64
PAGE_BYTES = 8 * len(FIELDS) + MAX_STATEMENT
ALWAYS = 1 << 60


class Shim:
    def __init__(self, torture, record=False):
        self.path = os.path.join(torture.dir, "shim-page")
        with open(self.path, "wb") as file:
            file.write(bytes(PAGE_BYTES))
        with open(self.path, "r+b") as file:
            self.page = mmap.mmap(file.fileno(), PAGE_BYTES)
        self.folder = os.path.join(torture.dir, "files")
        os.mkdir(self.folder)
        self.db = os.path.join(self.folder, "orfeas.db")
        self.env = {"LD_PRELOAD": os.path.abspath(PATH), "ORFEAS_SHIM_PAGE": self.path, "ORFEAS_SHIM_FOLDER": self.folder}
        if os.environ.get("ORFEAS_SANITIZED"):  # it is content to be the next below
            self.env["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        self.record_path = None
        if record:
            self.record_path = os.path.join(torture.dir, "record")
            with open(self.record_path, "wb"):
                pass
            self.env["ORFEAS_SHIM_RECORD"] = self.record_path

    def get(self, field):
        return struct.unpack_from("=q", self.page, 8 * FIELDS.index(field))[0]

    def set(self, field, value):
        struct.pack_into("=q", self.page, 8 * FIELDS.index(field), value)

    def arm(self, op, files=("database", "wal", "index", "other"), action="fail", number=0, skip=0, times=1):
        """The next call `op` on one of the files, after `skip` of them."""
        self.disarm()
        self.set("files", sum(FILES[file] for file in files))
        self.set("action", ACTIONS.index(action))
        self.set("number", number)
        self.set("skip", skip)
        self.set("times", times)
        self.set("ops", OPS[op])  # last: it is what arms

    def arm_statement(self, text, action, skip=0, writes=0):
        """The next statement whose SQL has the text, after `skip` of them; in its commit: after so many writes."""
        self.disarm()
        begin = 8 * len(FIELDS)
        self.page[begin : begin + MAX_STATEMENT] = text.encode().ljust(MAX_STATEMENT, b"\0")
        self.set("statement_skip", skip)
        self.set("skip", writes)
        self.set("statement_action", STATEMENT_ACTIONS.index(action))

    def disarm(self):
        self.set("statement_action", 0)
        self.set("ops", 0)

    def arm_memory(self, skip, times=1):
        """SQLite gets no memory."""
        self.set("memory_times", 0)
        self.set("memory_skip", skip)
        self.set("memory_times", times)

    def disarm_memory(self):
        self.set("memory_times", 0)

    @property
    def met(self):
        return self.get("met") + self.get("memory_met")

    def check_loaded(self, daemon):
        """The loader only warns of what it cannot preload, and then nothing would ever be met."""
        with open(f"/proc/{daemon.process.pid}/maps", encoding="utf-8") as file:
            assert self.path in file.read(), f"{PATH} is not in the daemon: {daemon.stderr()[-400:]}"

    def daemon(self, torture, **settings):
        return torture.daemon(db=self.db, settings=settings, env=self.env)
