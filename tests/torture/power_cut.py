# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a disk holds after a power cut, from the record of what was done to the files (shim/record.c).

What was synced is there. Of what was not, each write may be there, or not, or in part, by sectors, in whatever order; a file that was made,
renamed or removed is so for certain only once its folder was synced. Stricter than most file systems are.
"""

import os
import struct

HEAD = struct.Struct("=cIIq")
SECTORS = (512, 4096)


def read_record(path):
    """[(kind, path, offset, data)], in order."""
    entries = []
    with open(path, "rb") as file:
        while head := file.read(HEAD.size):
            kind, path_length, data_length, offset = HEAD.unpack(head)
            name = os.fsdecode(file.read(path_length))
            entries.append((kind.decode(), name, offset, file.read(data_length)))
    return entries


class File:
    def __init__(self):
        self.durable = bytearray()
        self.pending = []  # (kind, offset, data) since the last sync

    def sync(self):
        for change in self.pending:
            apply(self.durable, *change)
        self.pending = []

    def fail_sync(self, chance):
        """As Linux has it: of what waited a part is on the disk, and the rest is never tried again, though all who read see it."""
        for change in self.pending:
            if chance.random() < 0.5:
                apply(self.durable, *change)
        self.pending = []

    def after_cut(self, chance):
        data = bytearray(self.durable)
        for change in choose(chance, self.pending):
            apply(data, *torn(chance, *change))
        return data


def apply(data, kind, offset, new):
    if kind == "t":
        del data[offset:]
        data.extend(bytes(offset - len(data)))
    elif new:
        data.extend(bytes(max(0, offset + len(new) - len(data))))
        data[offset : offset + len(new)] = new


def choose(chance, pending):
    """Those that reached the disk."""
    way = chance.randrange(4)
    if way == 0:
        return []
    if way == 1:
        return pending
    if way == 2:
        return pending[: chance.randrange(len(pending) + 1)]
    return [change for change in pending if chance.random() < 0.5]


def torn(chance, kind, offset, data):
    """Now and then its first sectors only."""
    if kind == "w" and chance.random() < 0.2:
        sector = chance.choice(SECTORS)
        data = data[: chance.randrange(len(data) // sector + 1) * sector]
    return kind, offset, data


class Disk:
    """A folder, as the record goes on. lies: what it calls synced is not."""

    def __init__(self, folder, chance, lies=False):
        self.folder, self.chance, self.lies = folder, chance, lies
        self.names = {}  # path -> File
        self.durable_names = {}
        self.renames = []  # (name, File or None) since the folder was synced

    def change(self, kind, path, offset, data):
        if kind == "s":
            self.sync(path)
        elif kind == "f":
            if path in self.names:
                self.names[path].fail_sync(self.chance)
        elif kind == "c":
            self.name(path, File())
        elif kind == "u":
            self.name(path, None)
        elif kind == "r":
            file = self.names.get(path)
            self.name(os.fsdecode(data), file)
            self.name(path, None)
        elif path in self.names:  # else it has no name any more
            self.names[path].pending.append((kind, offset, data))

    def name(self, path, file):
        self.names[path] = file
        if file is None:
            del self.names[path]
        self.renames.append((path, file))

    def sync(self, path):
        if self.lies:
            return
        if path == self.folder:
            self.durable_names = dict(self.names)
            self.renames = []
        elif path in self.names:
            self.names[path].sync()

    def after_cut(self):
        """{path: bytes}"""
        names = dict(self.durable_names)
        for path, file in self.renames[: self.chance.randrange(len(self.renames) + 1)]:
            names[path] = file
        return {path: file.after_cut(self.chance) for path, file in names.items() if file is not None}
