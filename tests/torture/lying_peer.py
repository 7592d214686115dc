# SPDX-License-Identifier: LGPL-2.1-or-later
"""A stand-in for whoever is on the other end of the daemon's own connections: a Redis node, a webhook, a receiver of metrics or spans, a
scraped target. It is none of them: it hangs, closes, resets, drips, floods and lies."""

import random
import socket
import struct
import threading
import time

HTTP = b"HTTP/1.1 200 OK\r\n"
# Answers of Redis that are right by themselves, and wrong as an answer; and some that are none.
REDIS = (b"+OK\r\n", b"-ERR no\r\n", b"-MOVED 1 127.0.0.1:1\r\n", b"-LOADING\r\n", b":9223372036854775807\r\n", b":99999999999999999999\r\n", b"$-1\r\n", b"$-2\r\n",
         b"$5\r\nhello\r\n", b"$999999999999\r\n", b"$1000000000\r\nx", b"*-1\r\n", b"*3\r\n:1\r\n$1\r\na\r\n*0\r\n", b"*2147483647\r\n", b"*1\r\n" * 100000,
         b"*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n", b"+" + b"x" * 100000 + b"\r\n", b"+PONG\r\n" * 10000, b"\0\0\0\0", b">2\r\n+a\r\n+b\r\n", b"$3\r\nabcdef\r\n")


def answer_http(connection, chance):
    connection.sendall(chance.choice((
        HTTP + b"Content-Length: 0\r\n\r\n", b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", HTTP + b"Content-Length: 1000000000000\r\n\r\nx",
        HTTP + b"Content-Length: -1\r\n\r\n", HTTP + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx", HTTP + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"HTTP/1.1 302 Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 429 Later\r\nRetry-After: 999999999999\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, HTTP + b"X: " + b"y" * 1000000 + b"\r\n\r\n", b"HTTP/9.9 -1 \r\n\r\n", HTTP + b"A:b\r\n" * 20000 + b"\r\n")))


def answer_redis(connection, chance):
    for _ in range(chance.randrange(1, 5)):
        connection.sendall(chance.choice(REDIS))


def hang(connection, chance):
    time.sleep(3)


def reset(connection, chance):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def drip(connection, chance):
    for byte in HTTP * 2:
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


def flood(connection, chance):
    for _ in range(200):
        connection.sendall(chance.randbytes(65536))


def close(connection, chance):
    pass


LIES = (answer_http, answer_http, answer_redis, answer_redis, answer_redis, hang, reset, drip, flood, close)


class LyingPeer:
    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.n_lies = 0
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.lie, args=(connection, self.chance.choice(LIES), random.Random(self.chance.random())), daemon=True).start()

    def lie(self, connection, how, chance):
        with connection:
            connection.settimeout(5)
            try:
                # a node of Redis is asked again and again on one connection
                while connection.recv(65536):
                    self.n_lies += 1
                    how(connection, chance)
                    if how is not answer_redis:
                        return
            except OSError:
                pass  # it has had enough

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()
