"""power_disk.py - what a power cut leaves of a directory, from what power_cut.c wrote down.

A file is what was written to it and synced; an entry is there (or renamed, or gone) once the directory was
synced, and not before: stricter than ext4, where the sync of a new file makes its entry durable too. What
was not synced is lost, or there in part, as the mode says:

  bare       nothing of it
  prefix     of each file a random part of it from the start, the last write torn at 512 bytes
  scattered  of each file any sectors of 512 bytes, in no order

In all but the first, the entries are those of a random moment since the directory was synced: file
systems keep their order.
"""

import collections
import os
import shutil
import struct

HEAD = struct.Struct("<cQQI")
SECTOR = 512
MODES = ("bare", "prefix", "scattered")


class Followed:
    """A file or the directory: what is durable, and the changes since, each with its number."""

    def __init__(self, durable):
        self.durable = durable
        self.pending = []
        self.told = 0  # changes so far
        self.syncs = {}

    def change(self, *what):
        self.pending.append(what)
        self.told += 1

    def sync_begins(self, sync):
        self.syncs[sync] = self.told

    def sync_ends(self, sync):
        """The changes that are durable now."""
        begun = self.syncs.pop(sync, 0)  # 0: of a file whose inode another has by now
        count = max(0, begun - (self.told - len(self.pending)))
        done, self.pending = self.pending[:count], self.pending[count:]
        return done


def apply_write(content, kind, offset, data):
    if kind == "T":
        if offset < len(content):
            del content[offset:]
        else:
            content.extend(bytes(offset - len(content)))
        return
    if offset > len(content):
        content.extend(bytes(offset - len(content)))
    content[offset:offset + len(data)] = data


def apply_entry(entries, kind, old, new, file):
    if kind == "C":
        entries[old] = file
    elif kind == "R":
        entries[new] = entries.pop(old)
    elif kind == "L":
        entries[new] = entries[old]
    elif kind == "U":
        entries.pop(old, None)


def sectors(offset, data):
    """The parts of a write that get to the disk as a whole."""
    at = 0
    while at < len(data):
        length = min(SECTOR - (offset + at) % SECTOR, len(data) - at)
        yield offset + at, data[at:at + length]
        at += length


class Disk:
    """The directory `path`, all of it durable now."""

    def __init__(self, path):
        self.path = path
        self.files = {}
        self.modes = {}
        entries = {}
        for entry in os.scandir(path):
            if not entry.is_file(follow_symlinks=False):
                raise RuntimeError(f"{entry.path} is not a file: this test follows none")
            with open(entry.path, "rb") as file:
                self.files[entry.inode()] = Followed(bytearray(file.read()))
            entries[entry.name] = self.files[entry.inode()]
        self.itself = os.stat(path).st_ino
        self.directory = Followed(entries)
        self.synced = collections.Counter()  # by name
        self.last = None  # record

    def replay(self, log):
        """Follow what was written down; a record that is not whole was not made."""
        with open(log, "rb") as file:
            data = file.read()
        records, at = [], 0
        while at + HEAD.size <= len(data):
            kind, inode, offset, length = HEAD.unpack_from(data, at)
            at += HEAD.size + length
            if at > len(data):
                break
            kind = kind.decode()
            if kind == "X":  # the change before it was made in part, or not
                last = records.pop()
                if last[0] == "W":
                    records.append((*last[:3], last[3][:offset]))
                continue
            records.append((kind, inode, offset, data[at - length:at]))
        for record in records:
            self.follow(*record)
        self.last = records[-1] if records else None

    def follow(self, kind, inode, offset, data):
        if kind in "WT":
            self.files[inode].change(kind, offset, data)
        elif kind in "CRLU":
            old, _, new = data.decode().partition("\0")
            if kind == "C":
                self.files[inode] = Followed(bytearray())
            self.directory.change(kind, old, new, self.files.get(inode))
        elif kind == "S":
            self.of(inode).sync_begins(offset)
        elif kind == "E":
            self.synced.update(name for name, file in self.entries().items() if file is self.files.get(inode))
            self.synced["."] += inode == self.itself
            for change in self.of(inode).sync_ends(offset):
                if inode == self.itself:
                    apply_entry(self.directory.durable, *change)
                else:
                    apply_write(self.files[inode].durable, *change)

    def of(self, inode):
        return self.directory if inode == self.itself else self.files[inode]

    def unsynced(self):
        return sum(len(file.pending) for file in {*self.files.values(), self.directory})

    def entries(self):
        entries = dict(self.directory.durable)
        for change in self.directory.pending:
            apply_entry(entries, *change)
        return entries

    def whole(self):
        """{name: content} with everything that was written, for comparing."""
        entries = self.entries()
        found = {}
        for name, file in entries.items():
            found[name] = bytearray(file.durable)
            for change in file.pending:
                apply_write(found[name], *change)
        return found

    def strays(self):
        """Files of the directory that are not what was followed: the test would prove nothing. The last
        change may have been told and not made; a file is told once it was made."""
        whole, other = self.whole(), []
        for entry in os.scandir(self.path):
            with open(entry.path, "rb") as file:
                content = file.read()
            followed = whole.pop(entry.name, None)
            if followed != content and not (followed is None and content == b""):
                other.append(entry.name)
        other += whole
        return [name for name in other if not name.endswith("-shm") and not self.is_last(name)]

    def is_last(self, name):
        kind, inode, _, data = self.last or ("", 0, 0, b"")
        if kind in ("W", "T"):
            return self.entries().get(name) is self.files[inode]
        return kind in ("R", "L", "U") and name in data.decode().split("\0")

    def cut(self, mode, chance):
        """Make the directory what the cut leaves."""
        entries = dict(self.directory.durable)
        if mode != "bare":
            for change in self.directory.pending[:chance.randint(0, len(self.directory.pending))]:
                apply_entry(entries, *change)
        left = {file: self.left(file, mode, chance) for file in entries.values()}
        rights = {name: os.stat(os.path.join(self.path, name)).st_mode & 0o777 for name in entries
                  if os.path.exists(os.path.join(self.path, name))}
        for entry in os.scandir(self.path):
            os.unlink(entry.path)
        for name, file in entries.items():
            if name.endswith("-shm") and mode == "bare":
                continue
            path = os.path.join(self.path, name)
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, rights.get(name, 0o600)), "wb") as to:
                to.write(left[file])

    @staticmethod
    def left(file, mode, chance):
        content = bytearray(file.durable)
        if mode == "prefix":
            count = chance.randint(0, len(file.pending))
            for change in file.pending[:count]:
                apply_write(content, *change)
            if count < len(file.pending) and file.pending[count][0] == "W":
                _, offset, data = file.pending[count]
                parts = list(sectors(offset, data))
                for at, part in parts[:chance.randint(0, len(parts))]:
                    apply_write(content, "W", at, part)
        elif mode == "scattered":
            for kind, offset, data in file.pending:
                if kind == "T":
                    if chance.random() < 0.5:
                        apply_write(content, kind, offset, data)
                    continue
                for at, part in sectors(offset, data):
                    if chance.random() < 0.5:
                        apply_write(content, "W", at, part)
        return content


def copy(path, to):
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(path, to)
    return to
