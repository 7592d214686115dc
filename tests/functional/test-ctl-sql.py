#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""orfeasctl sql: one-shot, in a pipe, and on a terminal, from a daemon and from a file."""

import json
import os
import pty
import select
import signal
import termios
import time

import orfeas_test
from orfeas_test import ORFEASCTL, PATIENCE_S, contains, equal, wait_for

ENDLESS = "WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM r) SELECT count(*) FROM r"


def filled(t):
    daemon = t.start(settings={"host.enabled": "false", "gpu.sample_us": 60000000})
    daemon.call("events.mark", {"text": "studio, 2\t4", "t_us": 7, "kind": "deploy"})
    daemon.call("metrics.record", {"samples": [{"name": "load", "value": i, "t_us": 1000000 * i + daemon_time()} for i in range(10)]})
    return daemon


def daemon_time():
    return orfeas_test.now_us() // 1000000 * 1000000 - 20000000


def both(t, daemon, *arguments, stdin=None):
    """The same from the daemon and from the file beside it."""
    code, out, err = t.ctl(daemon, "sql", *arguments, stdin=stdin)
    equal(t.ctl(None, "--db", daemon.db, "sql", *arguments, stdin=stdin)[:2], (code, out), arguments)
    return code, out, err


def test_lines(t):
    daemon = filled(t)
    equal(both(t, daemon, "SELECT id, text, author, kind AS k FROM v_event")[:2], (0, "id\ttext\tauthor\tk\ne-1\tstudio, 2 4\tloopback\tdeploy\n"))
    equal(both(t, daemon, "--csv", "SELECT text, 1.5, x'00ff', 'a\"b', NULL FROM event")[1],
          "text,1.5,x'00ff',\"'a\"\"b'\",NULL\n\"studio, 2\t4\",1.5,00ff,\"a\"\"b\",\n")  # the pipe is read as text
    equal(both(t, daemon, "SELECT count(*) AS n, avg(value) AS v FROM samples WHERE name='load'")[1], "n\tv\n10\t4.5\n")
    equal(both(t, daemon, stdin="SELECT 1 AS a; -- one\nSELECT\n  2 AS b")[1], "a\n1\nb\n2\n")
    equal(both(t, daemon, "SELECT 1 AS a WHERE 0")[1], "a\n")
    equal(both(t, daemon, "--max-rows", "2", "VALUES (1),(2),(3)")[1], "column1\n1\n2\n")
    equal(both(t, daemon, "SELECT 9007199254740993 AS a, 1e999 AS b")[1], "a\tb\n9007199254740993\tInfinity\n")


def test_json(t):
    daemon = filled(t)
    select_all = "SELECT 1 AS a, 'x' AS b, NULL AS c, 2.5 AS d, 9007199254740993 AS e UNION ALL SELECT 2, 'y', 3, 4, 5"
    answers = [json.loads(t.ctl(where, *more, "sql", "--json", select_all)[1]) for where, more in ((daemon, ()), (None, ("--db", daemon.db)))]
    for answer in answers:
        answer.pop("took_us")
    equal(answers[0], answers[1])
    equal(answers[0], {"columns": ["a", "b", "c", "d", "e"], "rows": [[1, "x", None, 2.5, "9007199254740993"], [2, "y", 3, 4, 5]], "truncated": False})


def test_mistakes(t):
    daemon = filled(t)
    for sql, part in (("SELEC 1", 'near "SELEC": syntax error, at line 1, column 1'), ("SELECT nope", "no such column: nope"),
                      ("SELECT 1; SELECT nope; SELECT 3", "no such column: nope")):
        code, out, err = both(t, daemon, sql)
        equal(code, 1)
        contains(err, part)
        assert "3" not in out, out
    equal(both(t, daemon, "--max-rows", "0", "SELECT 1")[0], 2)
    # what is behind a NUL byte would be passed over, and a folder has nothing to say
    code, _, err = both(t, daemon, stdin="SELECT 1;\0SELECT nope")
    equal(code, 2)
    contains(err, "NUL")
    folder = orfeas_test.subprocess.run([ORFEASCTL, "--db", daemon.db, "sql"], stdin=os.open(t.dir, os.O_RDONLY), capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    equal((folder.returncode, folder.stdout), (2, ""), folder.stderr)
    equal(t.ctl(None, "--db", t.dir + "/none.db", "sql", "SELECT 1")[0], 3)
    equal(os.path.exists(t.dir + "/none.db"), False)
    equal(t.ctl(None, "--db", daemon.db, "--timeout", "50", "sql", ENDLESS)[0], 4)
    code, out, err = t.ctl(daemon, "--timeout", "50", "sql", ENDLESS)
    equal(code, 4, err)
    for where, more in ((daemon, ()), (None, ("--db", daemon.db))):
        equal(t.ctl(where, *more, "sql", "DELETE FROM event")[0], 1)


class Terminal:
    def __init__(self, t, *arguments):
        env = t.environment({"TERM": "xterm", "COLUMNS": "80"})
        self.seen = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(ORFEASCTL, [ORFEASCTL, *arguments], env)

    def until(self, part):
        """Everything that was shown up to and with part, since the last such look."""
        end = time.monotonic() + PATIENCE_S
        while part not in self.seen:
            assert time.monotonic() < end, f"no {part!r} in {self.seen!r}"
            if select.select([self.fd], [], [], 1)[0]:
                self.seen += os.read(self.fd, 65536).decode(errors="replace")
        at = self.seen.index(part) + len(part)
        shown, self.seen = self.seen[:at], self.seen[at:]
        return shown

    def type(self, text):
        """As a person, who is slower than libedit: it prompts before it takes the terminal's own editing
        away, and a key pressed in between is another one afterwards."""
        wait_for(lambda: not termios.tcgetattr(self.fd)[3] & termios.ICANON, "libedit")
        os.write(self.fd, text.encode())

    def end(self):
        """By Ctrl-D, at the prompt."""
        self.type("\x04")
        try:
            while True:
                os.read(self.fd, 65536)
        except OSError:  # it has gone
            pass
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_on_a_terminal(t):
    daemon = filled(t)
    for arguments in (("--db", daemon.db, "sql"), ("--socket", daemon.socket, "sql")):
        terminal = Terminal(t, *arguments)
        terminal.until("sql> ")
        terminal.type("SELECT text\n")  # not whole yet
        terminal.until("...> ")
        terminal.type("FROM event;\n")
        contains(terminal.until("1 row, "), "studio")
        terminal.until("sql> ")
        terminal.type("SELECT created_\t AS made FROM seri\t LIMIT 1;\n")  # created_us, series
        contains(terminal.until("1 row, "), "made")
        terminal.until("sql> ")
        terminal.type("SELEC;\n")
        terminal.until("syntax error")
        terminal.until("sql> ")
        terminal.type(".tables\n")
        contains(terminal.until(" rows, "), "samples")
        terminal.until("sql> ")
        terminal.type(".schema event\n")
        terminal.until("event_by_time")
        terminal.until("sql> ")
        equal(terminal.end(), 0)
    # what was asked is there the next time
    path = os.path.join(t.dir, "xdg_state_home", "orfeas", "sql_history")
    equal(os.stat(path).st_mode & 0o777, 0o600)
    terminal = Terminal(t, "--db", daemon.db, "sql")
    terminal.until("sql> ")
    terminal.type("\x1b[A")
    terminal.until("SELEC;")
    terminal.type("\n")
    terminal.until("syntax error")
    terminal.until("sql> ")
    equal(terminal.end(), 0)


def test_interrupted(t):
    """Ctrl-C stops the statement, not the shell."""
    daemon = filled(t)
    terminal = Terminal(t, "--db", daemon.db, "sql")
    terminal.until("sql> ")
    terminal.type(ENDLESS + ";\n")
    terminal.until("FROM r;")
    end = time.monotonic() + PATIENCE_S
    while "interrupted" not in terminal.seen and time.monotonic() < end:
        os.kill(terminal.pid, signal.SIGINT) if running(terminal.pid) else None
        if select.select([terminal.fd], [], [], 0.2)[0]:
            terminal.seen += os.read(terminal.fd, 65536).decode(errors="replace")
    terminal.until("interrupted")
    terminal.until("sql> ")
    terminal.type("SELECT 1+1 AS two;\n")
    terminal.until("1 row, ")
    terminal.until("sql> ")
    equal(terminal.end(), 0)


def running(pid):
    """It computes, and so has its handler: at the prompt it would be asleep."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        return file.read().rsplit(")", 1)[1].split()[0] == "R"


if __name__ == "__main__":
    orfeas_test.main()
