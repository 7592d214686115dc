# SPDX-License-Identifier: LGPL-2.1-or-later
"""metrics.json -> OrfMetricId and its table."""

from .model import SchemaError, c_string, snake
from .text import header, source

KINDS = ("gauge", "counter", "histogram")

DECLARATIONS = """
typedef struct {
  const char *name;
  OrfSeriesKind kind;
  const char *unit;
  const char *help;
  const char *const *label_names; /* NULL-terminated, sorted */
  guint8 n_labels;
  guint8 dashboard; /* in the dashboard set unless config says otherwise */
} OrfMetric;

extern const OrfMetric orf_metrics[ORF_N_METRICS];
"""


def generate(schema):
    ids, rows, labels = [], [], []
    for metric in schema.metrics:
        if metric["kind"] not in KINDS:
            raise SchemaError(f"metrics: {metric['name']}: kind {metric['kind']!r}")
        low = snake(metric["name"])
        names = sorted(metric.get("labels", []))
        ids.append(f"  ORF_METRIC_{low.upper()},")
        texts = "".join(c_string(name) + ", " for name in names)
        labels.append(f"static const char *const {low}_labels[] = {{ {texts}NULL }};")
        rows.append(f"  {{ {c_string(metric['name'])}, ORF_SERIES_KIND_{metric['kind'].upper()}, "
                    f"{c_string(metric.get('unit', ''))}, {c_string(metric['help'])}, {low}_labels, "
                    f"{len(names)}, {int(bool(metric.get('dashboard')))} }},")
    body = "typedef enum {\n" + "\n".join(ids) + "\n  ORF_N_METRICS\n} OrfMetricId;\n" + DECLARATIONS
    table = "\n".join(labels) + "\n\nconst OrfMetric orf_metrics[ORF_N_METRICS] = {\n" \
        + "\n".join(rows) + "\n};\n"
    return {
        "orf-schema-metrics.h": header(body, ['"orf-schema-types.h"']),
        "orf-schema-metrics.c": source(table, ['"orf-schema-metrics.h"']),
    }
