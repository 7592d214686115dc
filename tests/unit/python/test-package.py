#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The package as it is installed: it compiles for its oldest Python, and its annotations say what the schema says."""

import ast
import compileall
import copy
import inspect
import os
import pathlib
import pickle
import shutil
import sys
import typing

import orfeas
import orfeas_test
from orfeas import _address, _batch_methods, _methods, errors, types
from orfeas._caller import Caller
from orfeas_test import contains, equal

PACKAGE = pathlib.Path(orfeas.__file__).parent


def services(whole):
    """The service classes that Services or BatchServices makes."""
    return {name: type(service) for name, service in vars(whole(None)).items()}


def test_compiles(t):
    for path in PACKAGE.glob("*.py"):
        ast.parse(path.read_text(encoding="utf-8"), path.name, feature_version=(3, 9))
    shutil.copytree(PACKAGE, os.path.join(t.dir, "orfeas"))
    assert compileall.compile_dir(t.dir, quiet=1)
    assert (PACKAGE / "py.typed").exists()


def test_only_the_standard_library(t):
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else \
                [node.module] if isinstance(node, ast.ImportFrom) and node.level == 0 else []
            for name in names:
                assert name.partition(".")[0] in sys.stdlib_module_names, f"{path.name} imports {name}"


def test_every_method_is_there(t):
    """MANNERS has every method of the schema; each is a typed method, but no stream is one of a batch."""
    plain, batch = services(_methods.Services), services(_batch_methods.BatchServices)
    assert len(_methods.MANNERS) > 50
    for name, manner in _methods.MANNERS.items():
        service, _, low = name.partition(".")
        method = getattr(plain[service], low)
        hints = typing.get_type_hints(method)
        result = hints.pop("return")
        equal(hints["timeout"], typing.Optional[float])
        equal("idempotency_key" in hints, manner == "write", name)
        assert method.__doc__ and "Returns:" in method.__doc__, name
        contains(method.__doc__, f"client.{name}(")
        if manner == "stream":
            assert typing.get_origin(result) is orfeas.Stream, result
            assert not hasattr(batch[service], low), name
            continue
        in_batch = typing.get_type_hints(getattr(batch[service], low))
        equal(in_batch.pop("return"), orfeas.Pending[result], name)
        equal(set(hints) - {"timeout"}, set(in_batch), name)


def test_required_parameters_come_first(t):
    signature = inspect.signature(_methods.MetricsMethods.define)
    equal([name for name, one in signature.parameters.items() if one.default is one.empty], ["self", "name"])
    assert signature.parameters["kind"].kind is inspect.Parameter.KEYWORD_ONLY


def test_annotations_of_results(t):
    hints = typing.get_type_hints(_methods.MetricsMethods.query)
    equal(hints["select"], typing.Optional[str])
    equal(hints["by"], typing.Optional[typing.Sequence[str]])
    equal(typing.get_args(typing.get_args(hints["aggregate"])[0])[:3], ("avg", "min", "max"))
    equal(hints["return"], types.MetricsQueryResult)
    series = typing.get_type_hints(types.MetricsQueryResult)["series"]
    equal(series, typing.List[types.MetricsSeriesPoints])
    equal(typing.get_type_hints(types.MetricsSeriesInfo)["last_us"], typing.Optional[int])
    equal(typing.get_type_hints(types.MetricsFrame)["values"], typing.Dict[str, typing.Optional[float]])
    equal(typing.get_type_hints(types.DashboardSummaryResult)["stats"], typing.Dict[str, types.DashboardStats])
    equal(typing.get_type_hints(_methods.MetricsMethods.record)["samples"], typing.Sequence[types.MetricsSample])
    equal(types.MetricsSample.__required_keys__, {"name", "value"})
    equal(types.MetricsSample.__optional_keys__, {"labels", "t_us"})
    equal(typing.get_type_hints(_methods.RpcMethods.discover)["return"], typing.Dict[str, typing.Any])


def test_all_types_can_be_read(t):
    for name in types.__all__:
        value = getattr(types, name)
        if isinstance(value, type):
            for member, hint in typing.get_type_hints(value).items():
                assert hint is not None, (name, member)


def test_exceptions(t):
    equal(set(errors.BY_STATUS), {kind.status for kind in errors.BY_CODE.values()})
    equal(errors.NotFound.code, -32005)
    assert issubclass(orfeas.NotFound, LookupError) and issubclass(orfeas.DeadlineExceeded, TimeoutError)
    assert issubclass(orfeas.InvalidArgument, ValueError) and issubclass(orfeas.PermissionDenied, PermissionError)
    assert issubclass(orfeas.ConnectionLost, orfeas.Unavailable) and issubclass(orfeas.ConnectionLost, ConnectionError)
    for kind in (*errors.BY_STATUS.values(), orfeas.ConnectionLost):
        error = kind("why", data={"field": "a[0]", "allowed": "b", "retry_after_ms": 5}, method="x.y")
        for one in (error, copy.copy(error), pickle.loads(pickle.dumps(error))):
            equal((type(one), one.message, one.field, one.allowed, one.retry_after_ms, one.method),
                  (kind, "why", "a[0]", "b", 5, "x.y"))
            equal(str(one), f"x.y: {kind.status}: why (field a[0])")


def test_addresses(t):
    for text, expected in {
        "http://127.0.0.1:5000": ("http", "127.0.0.1", 5000, "/rpc"), "127.0.0.1:5000": ("http", "127.0.0.1", 5000, "/rpc"),
        "https://example.org/x/rpc": ("https", "example.org", 443, "/x/rpc"), "ws://[::1]:81/": ("ws", "::1", 81, "/rpc"),
        "unix:/a/b": ("unix", "", 0, "/a/b"), "unix:///a/b": ("unix", "", 0, "/a/b"),
    }.items():
        equal(tuple(_address.parse(text)), expected)
    equal(_address.parse("ws://[::1]:81").authority, "[::1]:81")
    equal(_address.parse("https://example.org").as_websocket().authority, "example.org")
    for text in ("", "unix:", "ftp://a", "http://", "http://u@h", "http://h?q", "http://h:port", "http://h\r\nX: y", "http://h h"):
        try:
            place = _address.parse(text)
        except ValueError:
            continue
        raise AssertionError(f"{text!r} was taken as {place}")


def test_local_daemon_is_found_as_by_orfeasctl(t):
    runtime = os.environ.pop("XDG_RUNTIME_DIR", None)
    try:
        equal(_address.default_socket(), f"/tmp/orfeas-{os.getuid()}/orfeas.sock")
        os.environ["XDG_RUNTIME_DIR"] = "relative"
        equal(_address.default_socket(), f"/tmp/orfeas-{os.getuid()}/orfeas.sock")
        os.environ["XDG_RUNTIME_DIR"] = t.dir
        equal(orfeas.connect().address, f"unix:{t.dir}/orfeas/orfeas.sock")
        os.symlink("/", os.path.join(t.dir, "orfeas"))
        try:
            orfeas.connect()
        except orfeas.PermissionDenied:
            pass
        else:
            raise AssertionError("a folder of someone else's was taken")
    finally:
        os.environ.pop("XDG_RUNTIME_DIR", None)
        if runtime is not None:
            os.environ["XDG_RUNTIME_DIR"] = runtime


def test_cookie_file(t):
    path = os.path.join(t.dir, "cookie")
    with open(path, "w", encoding="ascii") as file:
        file.write("secret\n")
    for mode, good in ((0o600, True), (0o400, True), (0o640, False), (0o604, False)):
        os.chmod(path, mode)
        try:
            equal((_address.read_token(path), good), ("secret", True))
        except orfeas.PermissionDenied:
            assert not good, oct(mode)
    os.chmod(path, 0o600)
    os.symlink(path, path + "-link")
    for other in (path + "-link", t.dir, os.path.join(t.dir, "none")):
        try:
            _address.read_token(other)
        except orfeas.PermissionDenied:
            continue
        raise AssertionError(f"{other} was taken")


def test_wrong_arguments(t):
    for wrong in ({"address": "unix:/a", "token": "t"}, {"address": "http://a", "token": "a b"},
                  {"address": "http://a", "token": "a\nb"}, {"address": "http://a", "token": ""},
                  {"address": "http://a", "token": "t", "cookie": "/c"}, {"address": "http://a", "timeout": 0},
                  {"address": "http://a", "timeout": float("nan")}):
        try:
            orfeas.connect(**wrong)
        except ValueError:
            continue
        raise AssertionError(f"{wrong} was taken")


def test_none_is_left_out_and_writes_have_keys(t):
    def caller(retries):
        place = _address.parse("http://127.0.0.1:1")
        return Caller(place, _address.Credentials(None, None, place), None, 1, retries, 1000, lambda: "00-ab-cd-01")

    request, repeat = caller(3).request("metrics.query", {"select": "a", "by": None}, None)
    equal((request["params"], repeat), ({"select": "a"}, True))
    equal(request["meta"], {"traceparent": "00-ab-cd-01"})
    request, repeat = caller(3).request("metrics.record", {"samples": []}, None)
    equal((len(request["meta"]["idempotency_key"]), repeat), (32, True))
    request, repeat = caller(0).request("metrics.record", {"samples": []}, None)
    equal((request["meta"], repeat), ({"traceparent": "00-ab-cd-01"}, False))
    request, repeat = caller(3).request("db.backup", {"path": "/x"}, None)
    equal(repeat, False, "neither a read nor a write with a key")


orfeas_test.main()
