# SPDX-License-Identifier: LGPL-2.1-or-later
"""Requests of OTLP as bytes, written from the field numbers of its specification; and answers read.

Apart from ours in C, so that a number that is wrong in one is seen; the SDKs' exporters are the third.
"""

import struct


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def zigzag(value):
    return varint((value << 1) ^ (value >> 63))


def number(field, value):
    return varint(field << 3) + varint(value)


def fixed(field, value):
    return varint(field << 3 | 1) + struct.pack("<Q", value & ((1 << 64) - 1))


def double(field, value):
    return varint(field << 3 | 1) + struct.pack("<d", value)


def piece(field, data):
    data = data.encode() if isinstance(data, str) else data
    return varint(field << 3 | 2) + varint(len(data)) + data


def any_value(value):
    if isinstance(value, bool):
        return number(2, int(value))
    if isinstance(value, int):
        return number(3, value)
    if isinstance(value, float):
        return double(4, value)
    if isinstance(value, bytes):
        return piece(7, value)
    if isinstance(value, list):
        return piece(5, b"".join(piece(1, any_value(item)) for item in value))
    if isinstance(value, dict):
        return piece(6, attributes(1, value))
    return piece(1, value)


def attributes(field, values):
    return b"".join(piece(field, piece(1, key) + piece(2, any_value(value))) for key, value in values.items())


def times(start_ns, time_ns):
    return (fixed(2, start_ns) if start_ns else b"") + fixed(3, time_ns)


def number_point(time_ns, value, labels=None, start_ns=0, flags=0):
    sent = b"" if value is None else fixed(6, value) if isinstance(value, int) else double(4, value)
    return attributes(7, labels or {}) + times(start_ns, time_ns) + sent + (number(8, flags) if flags else b"")


def histogram_point(time_ns, counts, bounds, total, labels=None, start_ns=0):
    return (attributes(9, labels or {}) + times(start_ns, time_ns) + fixed(4, sum(counts)) + double(5, total)
            + piece(6, struct.pack(f"<{len(counts)}Q", *counts)) + piece(7, struct.pack(f"<{len(bounds)}d", *bounds)))


def exponential_point(time_ns, scale, offset, counts, zeros=0, total=0.0, labels=None, start_ns=0):
    positive = varint(1 << 3) + zigzag(offset) + piece(2, b"".join(varint(count) for count in counts))
    return (attributes(1, labels or {}) + times(start_ns, time_ns) + fixed(4, sum(counts) + zeros) + double(5, total)
            + varint(6 << 3) + zigzag(scale) + fixed(7, zeros) + piece(8, positive))


def summary_point(time_ns, count, total, quantiles, labels=None):
    return (attributes(7, labels or {}) + times(0, time_ns) + fixed(4, count) + double(5, total)
            + b"".join(piece(6, double(1, q) + double(2, value)) for q, value in quantiles.items()))


DELTA, CUMULATIVE = 1, 2


def metric(name, field, points, temporality=None, monotonic=None, unit="", description=""):
    body = b"".join(piece(1, point) for point in points)
    if temporality is not None:
        body += number(2, temporality)
    if monotonic is not None:
        body += number(3, int(monotonic))
    return piece(1, name) + piece(2, description) + piece(3, unit) + piece(field, body)


def gauge(name, points, **more):
    return metric(name, 5, points, **more)


def counter(name, points, temporality=CUMULATIVE, monotonic=True, **more):
    return metric(name, 7, points, temporality, monotonic, **more)


def histogram(name, points, temporality=CUMULATIVE, **more):
    return metric(name, 9, points, temporality, **more)


def exponential(name, points, temporality=CUMULATIVE, **more):
    return metric(name, 10, points, temporality, **more)


def summary(name, points, **more):
    return metric(name, 11, points, **more)


def metrics_request(metrics, resource=None, scope=""):
    scoped = (piece(1, piece(1, scope)) if scope else b"") + b"".join(piece(2, one) for one in metrics)
    return piece(1, piece(1, attributes(1, resource or {})) + piece(2, scoped))


def span(trace, own, name, start_ns, end_ns, parent=b"", kind=0, labels=None, events=(), links=(), status=None, state="", flags=None, dropped=(0, 0, 0)):
    """trace, own, parent: bytes; events: (time, name, attributes); links: (trace, span, attributes); status: (code, message)."""
    body = piece(1, trace) + piece(2, own) + (piece(3, state) if state else b"") + (piece(4, parent) if parent else b"") + piece(5, name)
    body += (number(6, kind) if kind else b"") + fixed(7, start_ns) + fixed(8, end_ns) + attributes(9, labels or {})
    body += b"".join(piece(11, fixed(1, at) + piece(2, what) + attributes(3, more)) for at, what, more in events)
    body += b"".join(piece(13, piece(1, of) + piece(2, it) + attributes(4, more)) for of, it, more in links)
    body += b"".join(number(field, count) for field, count in zip((10, 12, 14), dropped) if count)
    if status:
        body += piece(15, (piece(2, status[1]) if status[1] else b"") + number(3, status[0]))
    return body + (varint(16 << 3 | 5) + struct.pack("<I", flags) if flags is not None else b"")


def spans_of(service, spans, scope="", resource=None):
    """ResourceSpans, a field of a request."""
    scoped = (piece(1, piece(1, scope) + piece(2, "1.0")) if scope else b"") + b"".join(piece(2, one) for one in spans)
    return piece(1, piece(1, attributes(1, {"service.name": service, **(resource or {})})) + piece(2, scoped))


def fields(data):
    """(number, value) of each field of a message: integers, and bytes; those of fixed length as bytes, too."""
    at = 0

    def take():
        nonlocal at
        shift = value = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    found = []
    while at < len(data):
        tag = take()
        if tag & 7 in (1, 2, 5):
            length = take() if tag & 7 == 2 else 8 if tag & 7 == 1 else 4
            found.append((tag >> 3, data[at : at + length]))
            at += length
        else:
            assert tag & 7 == 0, tag
            found.append((tag >> 3, take()))
    return found


def partial_success(data):
    """(rejected, message) of an answer; (0, None) where all was taken."""
    for field, value in fields(data):
        if field == 1:
            inner = dict(fields(value))
            return inner.get(1, 0), inner.get(2, b"").decode()
    return 0, None
