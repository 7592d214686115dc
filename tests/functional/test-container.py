#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""packaging/container: what can be known of it without pulling an image."""

import glob
import os
import re
import shutil
import subprocess

import orfeas_test
from documented import ROOT, read_page
from orfeas_test import ORFEASD, Skip, contains, equal

FOLDER = os.path.join(ROOT, "packaging", "container")
BUILD = os.environ["ORFEAS_BUILD_ROOT"]
SETS = ("staging", "production")


def read_yaml(name):
    try:
        import yaml
    except ImportError as error:
        raise Skip("no python3-yaml") from error
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return yaml.safe_load(file)


def merged(own, base):
    """As compose's `extends` does, as far as it is used here: lists are added up, what is own goes before."""
    both = dict(base)
    for key, value in own.items():
        both[key] = base[key] + value if isinstance(value, list) and isinstance(base.get(key), list) else value
    return both


def services_of(name):
    """(services as compose would have them, the whole file)."""
    whole, base = read_yaml(f"{name}.yaml"), read_yaml("services.yaml")["services"]
    return {key: merged(own, base[own["extends"]["service"]]) for key, own in whole["services"].items()}, whole


def settings_of(name):
    return read_page("packaging", "container", f"{name}.conf")


def test_what_is_named_is_there(_):
    for name in SETS:
        services, whole = services_of(name)
        equal(sorted(services), ["grafana", "orfeasd", "prometheus", "redis-1", "redis-2", "redis-3"])
        for key, service in services.items():
            equal([one for one in service["secrets"] if one not in whole["secrets"]] if "secrets" in service else [], [], key)
            equal([one for one in service["networks"] if one not in whole["networks"]], [], key)
            for volume in service.get("volumes", []):
                source = volume.partition(":")[0]
                there = os.path.exists(os.path.join(FOLDER, source)) if source.startswith(".") else source in whole["volumes"]
                assert there, f"{name}.yaml: {key}: {volume}"
        for secret in whole["secrets"].values():
            contains(read_page("doc", "containers.md"), os.path.basename(secret["file"]))


def test_who_may_what(_):
    for name in SETS:
        services, _ = services_of(name)
        for key, service in services.items():
            equal((service["cap_drop"], service["security_opt"]), (["ALL"], ["no-new-privileges:true"]), key)
            assert service["mem_limit"] and service["logging"], key
            assert all(port.startswith("127.0.0.1:") or name == "production" and key == "orfeasd" for port in service.get("ports", [])), (name, key)
        for key in ("orfeasd", "redis-1", "prometheus"):
            assert services[key]["read_only"], key
        equal((services["redis-1"]["networks"], "ports" in services["redis-1"]), (["nodes"], False))


def test_settings(t):
    """They are ones that orfeasd takes, and fit what the services are told."""
    secrets = {"orfeas-tokens": os.path.join(t.dir, "tokens"), "redis-password": os.path.join(t.dir, "password"),
               "tls-certificate": os.path.join(t.dir, "pem"), "tls-key": os.path.join(t.dir, "key")}
    status, _, errors = t.ctl(None, "token", "new", "--name", "me", "--role", "read", "--file", secrets["orfeas-tokens"])
    equal((status, errors), (0, ""))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=orfeasd",
                    "-keyout", secrets["tls-key"], "-out", secrets["tls-certificate"]], check=True, capture_output=True)
    for path in secrets.values():
        with open(path, "a", encoding="utf-8"):
            os.chmod(path, 0o600)
    for name in SETS:
        text = settings_of(name)
        service = services_of(name)[0]["orfeasd"]
        equal(re.search(r"^http=0\.0\.0\.0:(\d+)$", text, re.M)[1], service["ports"][0].rpartition(":")[2], name)
        named = set(re.findall(r"/run/secrets/([\w-]+)", text))
        equal(named, set(service["secrets"]), name)
        for secret in named:
            text = text.replace(f"/run/secrets/{secret}", secrets[secret])
        path = os.path.join(t.dir, "orfeasd.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        done = subprocess.run([ORFEASD, "--config", path, "--check-config"], capture_output=True, text=True, env=t.environment(), check=False)
        equal((done.returncode, done.stderr), (0, ""), name)


def test_prometheus(t):
    if shutil.which("promtool") is None:
        raise Skip("no promtool")
    for name in SETS:
        text = read_page("packaging", "container", f"prometheus-{name}.yml")
        secrets = set(re.findall(r"/run/secrets/([\w-]+)", text))
        equal(secrets, set(services_of(name)[0]["prometheus"]["secrets"]), name)
        for secret in secrets:
            with open(os.path.join(t.dir, secret), "w", encoding="utf-8"):
                text = text.replace(f"/run/secrets/{secret}", os.path.join(t.dir, secret))
        shutil.copy(os.path.join(ROOT, "doc", "prometheus-rules.yml"), os.path.join(t.dir, "rules.yml"))
        path = os.path.join(t.dir, "prometheus.yml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        done = subprocess.run(["promtool", "check", "config", "--syntax-only", path], capture_output=True, text=True, check=False)
        equal(done.returncode, 0, done.stdout + done.stderr)
        port = services_of(name)[0]["orfeasd"]["ports"][0].rpartition(":")[2]
        contains(text, f"orfeasd:{port}")


def test_health_check(t):
    command = re.search(r"^HEALTHCHECK .*? CMD (.*)$", read_page("packaging", "container", "Containerfile"), re.M)[1]
    command = command.replace("orfeasctl", f"{orfeas_test.ORFEASCTL} --socket {t.dir}/orfeas.sock")
    run = lambda: subprocess.run(["sh", "-c", command], capture_output=True, env=t.environment(), check=False).returncode
    daemon = t.start()
    equal(run(), 0)
    daemon.stop()
    assert run() != 0


def test_runtime_packages(_):
    """Those of the libraries that what is installed is linked against itself."""
    if shutil.which("dpkg-query") is None or shutil.which("readelf") is None or os.environ.get("ORFEAS_SANITIZED"):
        raise Skip("no Debian's tools, or programs that are linked otherwise")
    programs = [os.path.join(BUILD, name) for name in ("server/orfeasd", "server/probe/orfeas-probe", "server/sql/orfeas-sql", "server/sql/orfeas.so",
                                                       "client/ctl/orfeasctl", "client/demo/orfeas-demo-worker")] + glob.glob(BUILD + "/client/lib/*.so")
    needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", subprocess.run(["readelf", "-d", *programs], check=True, capture_output=True, text=True).stdout))
    paths = dict(re.findall(r"^\t(\S+) \(libc6,x86-64.*\) => (\S+)$", subprocess.run(["/sbin/ldconfig", "-p"], check=True, capture_output=True, text=True).stdout,
                            re.M))
    found = [os.path.realpath(paths[name]) for name in needed if name in paths]
    owners = subprocess.run(["dpkg-query", "-S", *found], check=False, capture_output=True, text=True).stdout
    wanted = set(re.findall(r"^([\w.+-]+)(?::\w+)?: ", owners, re.M)) - {"libc6", "libsystemd0"}  # the image is built without systemd's
    listed = read_page("packaging", "container", "Containerfile").partition("--no-install-recommends")[2].partition("&& rm")[0].replace("\\\n", " ").split()
    equal(sorted(wanted - set(listed)), [])


if __name__ == "__main__":
    orfeas_test.main()
