#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The live page in a real Chromium; see test-page.mjs. ORFEAS_SCREENSHOTS=FOLDER keeps pictures to look at."""

import os
import shutil
import subprocess

import browser_test
import orfeas_test
from orfeas_test import Skip, wait_for


def visit(t, case, **options):
    daemon = t.start(**options)
    wait_for(lambda: daemon.call("metrics.query", {"select": "host.cpu.used_percent"})["series"], "a sample")
    browser_test.run(t, "test-page.mjs", case, daemon)


def test_live(t):
    visit(t, "live")


def test_restart(t):
    visit(t, "restart")


def test_gap(t):
    visit(t, "gap")


def test_no_gpu(t):
    visit(t, "no-gpu", settings={"gpu.backends": "opencl"}, env={"OCL_ICD_VENDORS": "/nonexistent"})


def test_no_backend(t):
    visit(t, "no-backend", settings={"gpu.backends": ""})


def test_no_data(t):
    daemon = t.start(settings={"gpu.backends": "", "host.enabled": "false"})
    browser_test.run(t, "test-page.mjs", "no-data", daemon)


def test_search(t):
    visit(t, "search")


def test_keyboard(t):
    visit(t, "keyboard")


def test_login(t):
    visit_with_token(t, "login")


def visit_with_token(t, case):
    daemon = t.start(settings={"auth.require": "true"})
    browser_test.run(t, "test-page.mjs", case, daemon)


def test_no_right(t):
    """A token that may only write."""
    file = os.path.join(t.dir, "tokens")
    code, token, err = t.ctl(None, "token", "new", "--name", "writer", "--role", "ingest", "--file", file)
    assert code == 0, err
    daemon = t.start(settings={"auth.require": "true", "auth.token_file": file})
    browser_test.run(t, "test-page.mjs", "no-right", daemon, token=token.strip())


def test_tls(t):
    if not shutil.which("openssl"):
        raise Skip("no openssl to make a certificate with")
    certificate, key = os.path.join(t.dir, "a.pem"), os.path.join(t.dir, "a.key")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=a", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True)
    os.chmod(key, 0o600)
    daemon = t.start(settings={"listen.tls_certificate": certificate, "listen.tls_key": key})
    browser_test.run(t, "test-page.mjs", "tls", daemon)


def test_accessibility(t):
    visit(t, "accessibility")


def test_themes(t):
    visit(t, "themes")


def test_narrow(t):
    visit(t, "narrow")


orfeas_test.main()
