/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-types.h"

G_BEGIN_DECLS

/*
 * What was observed of a window: the document's sections, each filled by a reader, and what is only
 * for those who decide.  One thread at a time.
 */

/* Points of one series of a name. */
typedef struct {
  char **labels;
  GArray *points; /* OrfPoint, by time, from the beginning of the baseline on */
} OrfPostmortemSeries;

typedef struct {
  OrfPostmortemDocument *document;
  char *own_service;
  gint64 seen_to_us;     /* the end of the window, or now where that is before it */
  gboolean has_baseline; /* some series had samples before the window */
  GPtrArray *earlier;    /* OrfPostmortemMoment: deploys just before the window */
  GPtrArray *daemon;     /* OrfPostmortemMoment: it began, and ended; also just before the window */
  /* OrfPostmortemSeries by name, of baseline and window. */
  GPtrArray *used;     /* gpu.memory.used_bytes */
  GPtrArray *pressure; /* gpu.pressure */
  GPtrArray *beats;    /* one that the daemon always records */
} OrfPostmortemFacts;

typedef struct {
  gint64 from_us, to_us, now_us;
} OrfPostmortemTimes;

/* own_service: [trace] service_name; "": the daemon traces nothing of itself. */
OrfPostmortemFacts *
orf_postmortem_facts_new (const OrfPostmortemTimes *times, const char *own_service);
void orf_postmortem_facts_free (OrfPostmortemFacts *facts);
void orf_postmortem_series_free (OrfPostmortemSeries *series);

/* How wide the steps of a chart are: baseline and window have orf_postmortem_n_steps() each. */
gint64 orf_postmortem_get_step_us (const OrfPostmortemWindow *window);
guint orf_postmortem_get_n_steps (const OrfPostmortemWindow *window);

/* "10:31:04", UTC; with the date where the window is longer than a day. */
char *orf_postmortem_format_time (const OrfPostmortemWindow *window, gint64 t_us);
/* The daemon's own, as it traces its calls: what they do is no symptom of what it serves.  NULL: no
 * service. */
gboolean orf_postmortem_facts_is_own_service (const OrfPostmortemFacts *facts, const char *service);

/* A value in its unit: "20.0 GiB", "120 ms", "36 percent"; rate: "a second" behind it. */
char *orf_postmortem_format_value (double value, const char *unit, gboolean rate);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfPostmortemFacts, orf_postmortem_facts_free)

G_END_DECLS
