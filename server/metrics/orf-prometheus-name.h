/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-types.h"

G_BEGIN_DECLS

/*
 * What a recorded metric is called for Prometheus: one legal name, in the words of ours, its unit a
 * base unit at the end, and nothing that `promtool check metrics` objects to.  Pure; the rules are
 * in doc/prometheus.md.
 */
typedef struct {
  char *stem;              /* "job_wait" */
  const char *unit;        /* "seconds", the ending after the stem; "": none; static */
  double multiply, divide; /* a value is told as value * multiply / divide */
} OrfPrometheusName;

/* unit may be NULL: then the name's last word may say one. */
OrfPrometheusName *orf_prometheus_name_new (const char *name, const char *unit, OrfSeriesKind kind);
void orf_prometheus_name_free (OrfPrometheusName *name);
/* The family's name, without _total: STEM[_TAG][_UNIT]; tag may be NULL. */
char *orf_prometheus_name_dup_family (const OrfPrometheusName *name, const char *tag);

/* A label's key is told as it is. */
gboolean orf_prometheus_name_is_plain_key (const char *key);
/* What it is told as. */
char *orf_prometheus_name_dup_key (const char *key);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfPrometheusName, orf_prometheus_name_free)

G_END_DECLS
