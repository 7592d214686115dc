#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Requests that two servers could read differently: each is refused at every door, and what hides behind it is not read."""

import orfeas_test
from break_in import define, guarded_house, open_house, post, statuses, tls_house
from orfeas_test import equal

HIDDEN = post(define("smuggled"), "Connection: close")
BODY = b'{"jsonrpc":"2.0","id":1,"method":"health.check"}'


def head(*lines, start="POST /rpc HTTP/1.1", host="Host: localhost"):
    """The lines as they are, between a start that is well-formed and the empty line."""
    return "\r\n".join([start, *([host] if host else []), "Content-Type: application/json", *lines, "", ""]).encode("latin-1")


def chunks(text):
    return head("Transfer-Encoding: chunked") + text


def length(text):
    return head(f"Content-Length: {text}") + BODY


CHUNKED = "Transfer-Encoding: chunked"
WHOLE = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)

# name: (what is sent, before a hidden call; what it is)
REFUSED = {
    # whose request it is
    "no_host": (head(host=None), "no Host at all"),
    "two_hosts": (head("Host: evil.test"), "two `Host`, of which a proxy may take the other"),
    "two_equal_hosts": (head("Host: localhost"), "two equal `Host`"),
    "two_hosts_in_one": (head(host="Host: localhost, evil.test"), "a list in `Host`"),
    "host_with_a_path": (head(host="Host: localhost/evil.test"), "a path in `Host`"),
    "host_with_a_user": (head(host="Host: localhost@evil.test"), "`USER@` in `Host`"),
    "host_with_a_port_that_is_none": (head(host="Host: localhost:80:80"), "two ports in `Host`"),
    "absolute_target": (head(start="POST http://evil.test/rpc HTTP/1.1"), "a target with a host of its own"),
    "connect": (head(start="CONNECT localhost:22 HTTP/1.1"), "CONNECT, as if we were a proxy"),
    # how long it is
    "length_and_chunks": (head("Content-Length: 5", CHUNKED) + WHOLE, "`Content-Length` beside `Transfer-Encoding` (CL.TE)"),
    "chunks_and_length": (head(CHUNKED, "Content-Length: 5") + WHOLE, "the same in the other order (TE.CL)"),
    "two_lengths": (head(f"Content-Length: {len(BODY)}", "Content-Length: 5") + BODY, "two `Content-Length`"),
    "two_equal_lengths": (head(*[f"Content-Length: {len(BODY)}"] * 2) + BODY, "two equal `Content-Length`"),
    "list_of_lengths": (length(f"{len(BODY)}, {len(BODY)}"), "a list in `Content-Length`"),
    "length_with_a_sign": (length(f"+{len(BODY)}"), "`Content-Length: +48`"),
    "negative_length": (length("-1"), "`Content-Length: -1`"),
    "hexadecimal_length": (length("0x30"), "`Content-Length: 0x30`"),
    "length_with_a_space": (length("4 8"), "`Content-Length: 4 8`"),
    "length_beyond_64_bits": (length(str((1 << 64) + len(BODY))), "a `Content-Length` that wraps to the true one"),
    "empty_length": (length(""), "an empty `Content-Length`"),
    # how it is packed
    "two_encodings": (head(CHUNKED, "Transfer-Encoding: identity") + WHOLE, "two `Transfer-Encoding`"),
    "chunked_twice": (head("Transfer-Encoding: chunked, chunked") + WHOLE, "`chunked, chunked`"),
    "encoding_list": (head("Transfer-Encoding: identity, chunked") + WHOLE, "`identity, chunked`"),
    "unknown_encoding": (head("Transfer-Encoding: xchunked") + WHOLE, "`xchunked`"),
    "encoding_with_a_tab_inside": (head("Transfer-Encoding: chun\tked") + WHOLE, "`chun<TAB>ked`"),
    "space_before_the_colon": (head("Transfer-Encoding : chunked") + WHOLE, "`Transfer-Encoding : chunked`"),
    "chunks_in_http_1_0": (head(CHUNKED, start="POST /rpc HTTP/1.0") + WHOLE, "chunks in HTTP/1.0"),
    "folded_header": (head("X: a", " Transfer-Encoding: chunked") + WHOLE, "a header that goes on in a second line (obs-fold)"),
    "folded_with_a_tab": (head("X: a", "\tContent-Length: 5") + WHOLE, "the same with a tab"),
    "name_with_a_space": (head("Content Length: 5"), "a space in a header's name"),
    "no_name": (head(": chunked"), "a header without a name"),
    "no_colon": (head("Transfer-Encoding"), "a header without a colon"),
    # chunks
    "chunk_size_0x": (chunks(b"0x30\r\n" + BODY + b"\r\n0\r\n\r\n"), "a chunk of size `0x30`"),
    "chunk_size_negative": (chunks(b"-1\r\n" + BODY + b"\r\n0\r\n\r\n"), "a chunk of size `-1`"),
    "chunk_size_with_a_sign": (chunks(b"+30\r\n" + BODY + b"\r\n0\r\n\r\n"), "a chunk of size `+30`"),
    "chunk_size_no_number": (chunks(b"zz\r\n" + BODY + b"\r\n0\r\n\r\n"), "a chunk of size `zz`"),
    "chunk_size_empty": (chunks(b"\r\n" + BODY + b"\r\n0\r\n\r\n"), "a chunk without a size"),
    "chunk_size_with_a_space": (chunks(b"30 \r\n" + BODY + b"\r\n0\r\n\r\n"), "a space after a chunk's size"),
    "chunk_size_beyond_64_bits": (chunks(b"10000000000000030\r\n" + BODY + b"\r\n0\r\n\r\n"), "a chunk's size that wraps to the true one"),
    "chunk_longer_than_said": (chunks(b"2\r\n" + BODY + b"\r\n0\r\n\r\n"), "more data in a chunk than it said"),
    "chunk_ends_in_lf": (chunks(b"30\n" + BODY + b"\n0\n\n"), "chunks' lines that end in LF alone"),
    "chunk_extension_with_lf": (chunks(b"30;a\nb\r\n" + BODY + b"\r\n0\r\n\r\n"), "LF within a chunk's extension"),
    "chunk_extension_without_end": (chunks(b"30;" + b"a" * 70000), "an extension of 70,000 bytes"),
    "trailer_without_end": (chunks(b"30\r\n" + BODY + b"\r\n0\r\n" + b"X: y\r\n" * 5000), "a trailer of 5,000 lines"),
    # where lines end, and what is in them
    "lf_alone": (head().replace(b"\r\n", b"\n"), "lines that end in LF alone"),
    "lf_before_a_header": (head("X: a\nTransfer-Encoding: chunked") + WHOLE, "LF within a value"),
    "cr_alone": (head("X: a\rTransfer-Encoding: chunked") + WHOLE, "CR within a value"),
    "nul_in_a_value": (head("X: a\0b"), "NUL within a value"),
    "nul_in_the_target": (head(start="POST /rpc\0.html HTTP/1.1"), "NUL in the target"),
    "control_in_the_target": (head(start="POST /rpc\x7f HTTP/1.1"), "DEL in the target"),
    "space_in_the_target": (head(start="POST /rpc HTTP/1.1 HTTP/1.1"), "a space in the target"),
    "tab_for_a_space": (head(start="POST\t/rpc\tHTTP/1.1"), "tabs in the request line"),
    "fragment_in_the_target": (head(start="POST /rpc#a HTTP/1.1"), "a fragment in the target"),
    "empty_first_line": (b"\r\n" + head(), "an empty line before the request"),
    "http_0_9": (b"GET /\r\n\r\n", "HTTP/0.9"),
    "http_1_2": (head(start="POST /rpc HTTP/1.2"), "HTTP/1.2"),
    "http_2_preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "the preface of HTTP/2"),
    "no_version": (head(start="POST /rpc"), "no version"),
    "version_in_lower_case": (head(start="POST /rpc http/1.1"), "`http/1.1`"),
    "method_with_a_colon": (head(start="PO:ST /rpc HTTP/1.1"), "a method that is no token"),
    # how much of it
    "large_head": (head("X: " + "a" * 40000), "a head of 40,000 bytes"),
    "many_headers": (head(*["X: a"] * 200), "200 headers"),
    "long_target": (head(start=f"POST /{'a' * 9000} HTTP/1.1"), "a target of 9,000 bytes"),
    "unknown_expectation": (head("Expect: 200-ok", "Content-Length: 5"), "an `Expect` that nobody knows"),
    "two_authorizations": (head("Authorization: Bearer a", "Authorization: Bearer b"), "two `Authorization`"),
    "two_origins": (head("Origin: http://localhost", "Origin: http://evil.test"), "two `Origin`"),
    "two_types": (head("Content-Type: text/plain"), "two `Content-Type`"),
}


def is_refused(house, door, sent):
    answer = house.exchange(sent + HIDDEN, door)
    found = statuses(answer)
    equal(len(found), 1, f"{door}: answers")
    assert found[0] in (400, 413, 414, 417, 431, 501, 505), f"{door}: {found[0]}"
    assert b"\r\nConnection: close\r\n" in answer, f"{door}: {answer[:300]}"


def smuggle(sent, what):
    def case(_):
        for house in (open_house.get(), tls_house.get()):
            for door in house.doors:
                is_refused(house, door, sent)
            equal(house.knows("smuggled"), False)

    case.__doc__ = what
    return case


for case_name, attack in REFUSED.items():
    globals()[f"test_{case_name}"] = smuggle(*attack)


def test_pipelined_call_has_its_own_rights(_):
    """a call without a token, in one packet behind one with a token: it gets nothing of the other's rights"""
    house = guarded_house.get()
    token = house.tokens["admin"]
    answer = house.exchange(post(define("mine"), f"Authorization: Bearer {token}") + post(define("theirs"), "Connection: close"))
    equal(statuses(answer), [200, 200])
    first, second = (part.rpartition(b"\r\n\r\n")[2] for part in answer.split(b"HTTP/1.1 ")[1:])
    assert b'"created":true' in first and b"UNAUTHENTICATED" in second, answer
    equal((house.knows("mine"), house.knows("theirs")), (True, False))


def test_extension_and_trailer_are_dropped(_):
    """a chunk's extension and a trailer with `Host`, `Authorization` and `Content-Length`: read, and heeded by nothing"""
    house = guarded_house.get()
    trailer = f"Authorization: Bearer {house.tokens['admin']}\r\nHost: evil.test\r\nContent-Length: 3\r\n"
    sent = head("Transfer-Encoding: chunked", "Connection: close") + b"30;Authorization=x\r\n" + BODY + b"\r\n0\r\n" + trailer.encode() + b"\r\n"
    answer = house.exchange(sent)
    equal(statuses(answer), [200])
    assert b"UNAUTHENTICATED" in answer, answer


def test_body_of_a_get_is_not_a_request(_):
    """a call in the body of a GET: it stays a body"""
    house = open_house.get()
    hidden = post(define("in.a.get"))
    answer = house.exchange(head(f"Content-Length: {len(hidden)}", "Connection: close", start="GET /healthz HTTP/1.1") + hidden)
    equal(len(statuses(answer)), 1)
    equal(house.knows("in.a.get"), False)


def test_refused_upgrade_swallows_nothing(_):
    """a call right behind an upgrade that is refused: it is one of its own, and needs its own token"""
    house = guarded_house.get()
    upgrade = head("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
                   start="GET /rpc HTTP/1.1")
    answer = house.exchange(upgrade + post(define("behind"), "Connection: close"))
    equal(statuses(answer)[0], 401)
    assert b'"created"' not in answer, answer
    equal(house.knows("behind"), False)


def test_upgrade_to_another_protocol(_):
    """`Upgrade: h2c` and TLS within the connection: not taken"""
    house = open_house.get()
    for protocol in ("h2c", "TLS/1.0", "websocket2"):
        sent = head(f"Upgrade: {protocol}", "Connection: Upgrade, HTTP2-Settings, close", "HTTP2-Settings: AAMAAABkAAQAAP__", start="GET /healthz HTTP/1.1")
        equal(statuses(house.exchange(sent)), [200], protocol)


if __name__ == "__main__":
    orfeas_test.main()
