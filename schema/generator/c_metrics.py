# SPDX-License-Identifier: LGPL-2.1-or-later
"""metrics.json -> OrfMetricId and its table."""

from . import exports
from .model import SchemaError, c_string, snake
from .text import header, source

KINDS = ("gauge", "counter", "histogram")

DECLARATIONS = """
/* How it is told to Prometheus. */
typedef struct {
  const char *family; /* without _total */
  const char *unit;   /* "": none */
  double divide;      /* a value is told as value / divide */
  const char *help;
  const char *const *labels; /* key, value, ..., NULL, sorted; $NAME: the value of label NAME */
} OrfMetricExport;

typedef struct {
  const char *name;
  OrfSeriesKind kind;
  const char *unit;
  const char *help;
  const char *const *label_names; /* NULL-terminated, sorted */
  guint8 n_labels;
  guint8 dashboard; /* in the dashboard set unless config says otherwise */
  const OrfMetricExport *export; /* NULL: named by the rules for recorded metrics */
} OrfMetric;

extern const OrfMetric orf_metrics[ORF_N_METRICS];
"""


def c_strings(name, texts):
    return f"static const char *const {name}[] = {{ {''.join(c_string(text) + ', ' for text in texts)}NULL }};"


def c_export(low, export):
    texts = [text for pair in export.labels for text in pair]
    return (f"{c_strings(low + '_export_labels', texts)}\n"
            f"static const OrfMetricExport {low}_export = {{ {c_string(export.family)}, {c_string(export.unit)}, "
            f"{export.divide}, {c_string(export.help)}, {low}_export_labels }};")


def generate(schema):
    ids, rows, parts = [], [], []
    exported = exports.read(schema.metrics)
    for metric in schema.metrics:
        if metric["kind"] not in KINDS:
            raise SchemaError(f"metrics: {metric['name']}: kind {metric['kind']!r}")
        low = snake(metric["name"])
        names = sorted(metric.get("labels", []))
        ids.append(f"  ORF_METRIC_{low.upper()},")
        parts.append(c_strings(low + "_labels", names))
        export = exported.get(metric["name"])
        if export:
            parts.append(c_export(low, export))
        rows.append(f"  {{ {c_string(metric['name'])}, ORF_SERIES_KIND_{metric['kind'].upper()}, "
                    f"{c_string(metric.get('unit', ''))}, {c_string(metric['help'])}, {low}_labels, "
                    f"{len(names)}, {int(bool(metric.get('dashboard')))}, "
                    f"{f'&{low}_export' if export else 'NULL'} }},")
    body = "typedef enum {\n" + "\n".join(ids) + "\n  ORF_N_METRICS\n} OrfMetricId;\n" + DECLARATIONS
    table = "\n".join(parts) + "\n\nconst OrfMetric orf_metrics[ORF_N_METRICS] = {\n" \
        + "\n".join(rows) + "\n};\n"
    return {
        "orf-schema-metrics.h": header(body, ['"orf-schema-types.h"']),
        "orf-schema-metrics.c": source(table, ['"orf-schema-metrics.h"']),
    }
