# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon with rules of its own and receivers, and its alerts as a caller sees them."""

import os

from orfeas_test import RpcError, wait_for

# Ten ticks a second, on devices where nothing is wrong. What the machine itself does is no matter of most tests.
SETTINGS = {"gpu.sample_us": 100000, "memory.budget_bytes": 1 << 36, "alerts.cooldown_us": 0}
QUIET = {"ORFEAS_SIMULATED": "used_percent=20"}
FAST = """[outbox]
backoff_us=10000
backoff_max_us=100000
[notify]
group_interval_us=0
"""
REST = "[alerts.host_cpu_high]\nenabled=false\n"


def rule(name, expr=None, **keys):
    condition = f"[alerts]\n{name}={expr}\n" if expr is not None else ""
    return condition + (f"[alerts.{name}]\n" if keys else "") + "".join(f"{key}={value}\n" for key, value in keys.items())


def receivers(**hooks):
    """name=Webhook, or its keys."""
    text = "[receivers]\n" + "".join(f"{name}=webhook\n" for name in hooks)
    for name, hook in hooks.items():
        keys = hook if isinstance(hook, dict) else {"url": hook.url}
        text += f"[receivers.{name}]\n" + "".join(f"{key}={value}\n" for key, value in keys.items())
    return text


def prepare(t, *texts, settings=None, env=None, **more):
    return t.daemon(config=FAST + REST + "".join(texts), settings={**SETTINGS, **(settings or {})}, env={**QUIET, **(env or {})}, **more)


def start(t, *texts, **more):
    return prepare(t, *texts, **more).start()


def configure(daemon, *texts):
    with open(daemon.config, "w", encoding="utf-8") as file:
        file.write(FAST + REST + "".join(texts))


def record(daemon, name, value, **labels):
    daemon.call("metrics.record", {"samples": [{"name": name, "value": value, "labels": labels}]})


def active(daemon, rule=None):
    return [one for one in daemon.call("alerts.active", {"limit": 1000})["alerts"] if rule in (None, one["rule"])]


def history(daemon, **params):
    return daemon.call("alerts.history", {"limit": 1000, **params})["alerts"]


def alerts_of(daemon, rule, **labels):
    """Of these labels, oldest first; also those that never fired."""
    return [one for one in reversed(history(daemon, rule=rule, unfired=True)) if labels.items() <= one["labels"].items()]


def states(daemon, rule, **labels):
    return [one["state"] for one in alerts_of(daemon, rule, **labels)]


def wait_state(daemon, rule, *expected, patience_s=60, **labels):
    """Until these are the states of its alerts, oldest first; the newest alert."""
    def look():
        found = alerts_of(daemon, rule, **labels)
        return [one["state"] for one in found] == list(expected) and found

    return wait_for(look, f"{rule} to be {', '.join(expected)}", patience_s)[-1]


def steps(daemon, alert, receiver=None):
    """What happened to it: the steps of its own, or those of telling a receiver."""
    return [one["step"] for one in daemon.call("alerts.explain", {"id": alert})["steps"] if one["receiver"] == receiver]


def find_rule(daemon, name):
    return next((one for one in daemon.call("alerts.rules", {"limit": 1000})["rules"] if one["rule"] == name), None)


def refusal(daemon, method, **params):
    """The error's (status, field, allowed, message)."""
    try:
        answer = daemon.admin(method, params)
    except RpcError as error:
        return error.status, error.data.get("field"), error.data.get("allowed"), error.message
    raise AssertionError(f"{method} {params} answered {answer}")


def write_rules(t, name, text):
    """A file of alerts.d, which is made."""
    folder = os.path.join(t.dir, "alerts.d")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(text)
