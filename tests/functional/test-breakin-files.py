#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What lies in the file system where the daemon goes: another's, a link, or open to all; it is refused, or replaced and not followed."""

import os
import signal
import socket
import stat

import orfeas_test
from break_in import bearer, make_certificate, new_token
from orfeas_test import contains, equal, request, wait_for


def mode(path):
    return stat.S_IMODE(os.stat(path, follow_symlinks=False).st_mode)


def with_socket(t, path):
    daemon = t.daemon()
    daemon.command[daemon.command.index("--socket") + 1] = path
    daemon.socket = path
    return daemon


def test_symlinked_socket(t):
    """a link where the socket is to be, to another's socket or to nothing: refused, and the link's end untouched"""
    target = f"{t.dir}/target"
    with open(target, "w", encoding="utf-8") as file:
        file.write("mine")
    for end in (target, f"{t.dir}/nothing"):
        link = f"{t.dir}/link.sock"
        os.symlink(end, link)
        contains(with_socket(t, link).start_refused(), "something else is there")
        equal(os.path.exists(f"{t.dir}/nothing"), False)
        os.unlink(link)
    with open(target, encoding="utf-8") as file:
        equal(file.read(), "mine")


def test_symlink_to_a_live_socket(t):
    """a link to the socket of a program that answers: refused"""
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(f"{t.dir}/other.sock")
        other.listen()
        os.symlink(f"{t.dir}/other.sock", f"{t.dir}/link.sock")
        with_socket(t, f"{t.dir}/link.sock").start_refused()


def test_file_in_the_socket_s_place(t):
    """a plain file, a folder, a pipe where the socket is to be: refused, not removed"""
    for make in (lambda path: open(path, "w", encoding="utf-8").close(), os.mkdir, os.mkfifo):
        path = f"{t.dir}/{getattr(make, '__name__', 'file')[:6]}.sock"
        make(path)
        contains(with_socket(t, path).start_refused(), "something else is there")
        assert os.path.lexists(path)


def test_socket_in_a_folder_of_all(t):
    """the socket in a folder that others may write to, with the sticky bit or without: refused"""
    for bits in (0o777, 0o1777, 0o770, 0o722):
        folder = f"{t.dir}/folder{bits:o}"
        os.mkdir(folder)
        os.chmod(folder, bits)
        contains(with_socket(t, f"{folder}/orfeas.sock").start_refused(), "another user")


def test_socket_behind_a_linked_folder(t):
    """a folder that is a link to one of all"""
    os.mkdir(f"{t.dir}/open")
    os.chmod(f"{t.dir}/open", 0o777)
    os.symlink(f"{t.dir}/open", f"{t.dir}/folder")
    contains(with_socket(t, f"{t.dir}/folder/orfeas.sock").start_refused(), "another user")


def test_what_others_may_open(t):
    """what is made: sockets and the cookie file are their owner's alone, and the database is not all the world's"""
    os.mkdir(f"{t.dir}/shared")
    before = os.umask(0)
    try:
        daemon = t.start(db=f"{t.dir}/shared/orfeas.db")
    finally:
        os.umask(before)
    daemon.call("metrics.record", {"samples": [{"name": "a", "value": 1}]})
    for name in ("orfeas.sock", "cache.sock", "cookie"):
        equal(mode(f"{t.dir}/{name}"), 0o600, name)
    for name in os.listdir(f"{t.dir}/shared"):
        equal(mode(f"{t.dir}/shared/{name}") & 0o007, 0, f"{name} for all")
        equal(mode(f"{t.dir}/shared/{name}") & 0o020, 0, f"{name}, written by its group")


def test_linked_cookie_file(t):
    """a link where the cookie file is to be: replaced, and what it leads to is not written"""
    victim = f"{t.dir}/victim"
    with open(victim, "w", encoding="utf-8") as file:
        file.write("mine")
    os.symlink(victim, f"{t.dir}/cookie")
    t.start()
    with open(victim, encoding="utf-8") as file:
        equal(file.read(), "mine")
    equal(os.path.islink(f"{t.dir}/cookie"), False)
    equal(mode(f"{t.dir}/cookie"), 0o600)


def test_open_cookie_file(t):
    """a cookie file that lies there already, open to all and held open: nobody reads the new token by it"""
    path = f"{t.dir}/cookie"
    with open(path, "w+", encoding="utf-8") as file:
        os.chmod(path, 0o666)
        t.start()
        file.seek(0)
        equal(file.read(), "")
    equal(mode(path), 0o600)


def test_token_file_for_all(t):
    """a token file that others may read or change: refused at a start; at a reload the tokens stay as they were"""
    path = f"{t.dir}/tokens"
    token = new_token(t, path, "a", "read")
    daemon = t.daemon(settings={"auth.token_file": path})
    for bits in (0o604, 0o602, 0o640, 0o620, 0o666):
        os.chmod(path, bits)
        contains(daemon.start_refused(), "chmod 600")
    os.chmod(path, 0o600)
    daemon.start()
    new_token(t, path, "b", "admin")
    os.chmod(path, 0o666)
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "tokens stay as they are" in daemon.stderr(), "the reload")
    equal("result" in daemon.ask(request("metrics.list"), bearer(token)), True)


def test_token_file_that_is_none(t):
    """a pipe, a folder, /dev/zero, a file of half a MiB, one with NUL: refused at once"""
    os.mkfifo(f"{t.dir}/pipe", 0o600)
    os.mkdir(f"{t.dir}/folder", 0o700)
    for name, text in (("large", "a" * 600000), ("nul", "[a]\0\n")):
        with open(f"{t.dir}/{name}", "w", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(text)
    for path in (f"{t.dir}/pipe", f"{t.dir}/folder", f"{t.dir}/large", f"{t.dir}/nul", "/dev/zero"):
        contains(t.daemon(settings={"auth.token_file": path}).start_refused(), "auth.token_file")


def test_key_for_all(t):
    """a TLS key that every user may read: told at the start, and how it is mended"""
    certificate, key = make_certificate(t.dir)
    os.chmod(key, 0o644)
    daemon = t.start(settings={"listen.tls_certificate": certificate, "listen.tls_key": key})
    contains(daemon.stderr(), "every user of this machine may read it")


def test_config_that_all_may_write(t):
    """a configuration, which names what is run, that every user may write: refused at a start, unheeded at a reload"""
    daemon = t.daemon(config="[gpu]\nbackends=simulated\n")
    os.chmod(daemon.config, 0o646)
    contains(daemon.start_refused(), "chmod o-w")
    os.chmod(daemon.config, 0o644)
    daemon.start()
    os.chmod(daemon.config, 0o646)
    with open(daemon.config, "w", encoding="utf-8") as file:
        file.write("[gpu]\nbackends=simulated\nsample_us=2000000\n")
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "chmod o-w" in daemon.stderr(), "the reload")
    assert daemon.alive()


def test_pipe_among_the_rules(t):
    """a pipe among the files of rules, which a reload would wait for: refused, and the daemon goes on"""
    rules = f"{t.dir}/alerts.d"
    os.mkdir(rules)
    daemon = t.daemon(config=f"[alerts]\nrules_dir={rules}\n")
    daemon.start()
    os.mkfifo(f"{rules}/a.conf")
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "a.conf is not a file" in daemon.stderr(), "the reload")
    equal(daemon.call("health.check")["serving"], "SERVING")
    daemon.stop()
    contains(daemon.start_refused(), "a.conf is not a file")


def test_link_in_place_of_a_result(t):
    """a link where `replay -o` writes before it is whole: not written through"""
    precious, out = f"{t.dir}/precious", f"{t.dir}/out.csv"
    with open(precious, "w", encoding="utf-8") as file:
        file.write("mine")
    with open(f"{t.dir}/in.csv", "w", encoding="utf-8") as file:
        file.write("t_us,value\n" + "".join(f"{i * 60000000},{i % 7}\n" for i in range(200)))
    os.symlink(precious, f"{out}.part")
    code, _, said = t.ctl(None, "anomalies", "replay", f"{t.dir}/in.csv", "-o", out)
    equal(code, 1, said)
    contains(said, "File exists")
    os.unlink(f"{out}.part")
    equal(t.ctl(None, "anomalies", "replay", f"{t.dir}/in.csv", "-o", out)[0], 0)
    with open(precious, encoding="utf-8") as file:
        equal(file.read(), "mine")


def test_database_that_is_a_link_of_anothers(t):
    """a link where a file beside the database is to be: not written through"""
    victim = f"{t.dir}/victim"
    with open(victim, "w", encoding="utf-8") as file:
        file.write("mine")
    daemon = t.daemon()
    os.symlink(victim, daemon.db + ".ballast")
    daemon.start()
    with open(victim, encoding="utf-8") as file:
        equal(file.read(), "mine")
    daemon.kill()
    os.unlink(daemon.db + ".ballast")
    daemon.start()
    equal(os.path.exists(daemon.db + ".ballast"), True, "made where no link is in its way")


def test_backup_onto_what_is_there(t):
    """`db.backup` onto a file, a link, a device, a relative path: refused, and nothing overwritten"""
    daemon = t.start()
    victim = f"{t.dir}/victim"
    with open(victim, "w", encoding="utf-8") as file:
        file.write("mine")
    os.symlink(victim, f"{t.dir}/link")
    os.symlink(f"{t.dir}/nothing", f"{t.dir}/dangling")
    for path in (victim, f"{t.dir}/link", f"{t.dir}/dangling", daemon.db, "/dev/null", "copy.db", "", f"{t.dir}/no/such.db", f"{t.dir}/a\0b"):
        with daemon.peer() as peer:
            answer = peer.ask(request("db.backup", {"path": path}))
        assert "error" in answer, f"{path!r}: {answer}"
    with open(victim, encoding="utf-8") as file:
        equal(file.read(), "mine")
    equal(os.path.exists(f"{t.dir}/nothing"), False)
    path = f"{t.dir}/copy.db"
    daemon.admin("db.backup", {"path": path})
    equal(mode(path) & 0o077 & ~0o040, 0, "a backup that others may open")


if __name__ == "__main__":
    orfeas_test.main()
