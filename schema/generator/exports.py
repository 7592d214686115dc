# SPDX-License-Identifier: LGPL-2.1-or-later
"""How built-in metrics are told to Prometheus: `export` of metrics.json, checked."""

import re

from .model import SchemaError

MEMBERS = {"family", "unit", "divide", "labels", "help"}
# Prometheus' base units; its linter objects to others
UNITS = {"amperes", "bytes", "celsius", "grams", "hertz", "joules", "meters", "ratio", "seconds", "volts", "watts"}
FAMILY = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
LABEL = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
# endings that a writer of the format adds, or that say what only another kind has
RESERVED = ("_total", "_created", "_info", "_bucket", "_count", "_sum")


class Export:
    def __init__(self, metric):
        spec = metric["export"]
        self.where = f"metrics: {metric['name']}: export"
        self.family = spec.get("family", "")
        self.kind = metric["kind"]
        self.unit = spec.get("unit", "")
        self.divide = spec.get("divide", 1)
        self.help = spec.get("help", metric["help"])
        self.labels = sorted(spec.get("labels", {}).items())
        self._check(spec, set(metric.get("labels", [])))

    def _check(self, spec, names):
        unknown = set(spec) - MEMBERS
        if unknown:
            raise SchemaError(f"{self.where}: {', '.join(sorted(unknown))}: no member of it")
        if not FAMILY.fullmatch(self.family) or self.family.endswith(RESERVED):
            raise SchemaError(f"{self.where}: family {self.family!r}")
        if self.unit and (self.unit not in UNITS or not self.family.endswith("_" + self.unit)):
            raise SchemaError(f"{self.where}: unit {self.unit!r} is none, or not the family's ending")
        if not isinstance(self.divide, int) or self.divide < 1:
            raise SchemaError(f"{self.where}: divide {self.divide!r}")
        if self.kind == "histogram" and any(value != f"${key}" for key, value in self.labels):
            raise SchemaError(f"{self.where}: the labels of a histogram are its own")
        for key, value in self.labels:
            if not LABEL.fullmatch(key) or key in ("le", "quantile"):
                raise SchemaError(f"{self.where}: label {key!r}")
            if not value or re.search(r'[\\"\n]', value):
                raise SchemaError(f"{self.where}: label {key}: {value!r}")
        used = {value[1:] for _, value in self.labels if value.startswith("$")}
        if used != names:
            raise SchemaError(f"{self.where}: labels {sorted(used)}, of {sorted(names)}")


def read(metrics):
    """By name. Metrics of one family must agree in all that the family has, and differ in labels."""
    exports, families = {}, {}
    for metric in metrics:
        if "export" not in metric:
            continue
        export = exports[metric["name"]] = Export(metric)
        for other in families.setdefault(export.family, []):
            if (other.kind, other.unit, other.help) != (export.kind, export.unit, export.help):
                raise SchemaError(f"{export.where}: kind, unit or help is not that of {other.where}")
            if [key for key, _ in other.labels] != [key for key, _ in export.labels] \
                    or other.labels == export.labels:
                raise SchemaError(f"{export.where}: the labels have to tell it from {other.where}")
        families[export.family].append(export)
    return exports
