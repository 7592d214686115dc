/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Units as people write them, and the base units that Prometheus wants.  Pure.
 */
typedef struct {
  const char *base;        /* "seconds"; static */
  double multiply, divide; /* a value in the unit is value * multiply / divide in base */
} OrfPrometheusUnit;

/* What metrics.define told: UCUM or a word, "us", "MiBy", "percent", and "By/s" a rate of them.
 * FALSE: none that is known; unit is then untouched. */
gboolean orf_prometheus_unit_parse (const char *text, OrfPrometheusUnit *unit);
/* A word of a name that says a unit beyond doubt: "us", "bytes", but not "m" or "mb". */
gboolean orf_prometheus_unit_parse_word (const char *word, OrfPrometheusUnit *unit);
/* The word says a unit of the same kind, whatever its scale: "ms" of seconds. */
gboolean orf_prometheus_unit_has_base (const char *word, const char *base);
/* promlint objects to the word in a name: an abbreviation (unless it comes first), or no base unit.
 */
gboolean orf_prometheus_unit_is_refused (const char *word, gboolean first);

G_END_DECLS
