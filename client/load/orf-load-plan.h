/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-types.h"

G_BEGIN_DECLS

/*
 * When requests are to be sent: all of it is fixed before the first one, so that a server that is
 * slow is not spared (the open model).  Pure.
 */
typedef struct {
  OrfLoadKind kind;
  double rate;        /* requests a second: of the first level, or of all; 0: the original's */
  double peak_rate;   /* spike: of its middle; 0: the original's */
  double step_rate;   /* stress: so much more each level; 0: the original's */
  double max_rate;    /* stress: of the last level; 0: ORF_LOAD_DEFAULT_MAX_RATE */
  gint64 duration_us; /* of all, of stress each level; 0: the original's */
  gboolean is_random; /* arrivals as of many who know nothing of each other (Poisson), as many in
                       * each level as evenly; the same in each run */
} OrfLoadSetup;

#define ORF_LOAD_DEFAULT_MAX_RATE 1000
#define ORF_LOAD_MAX_RATE         1000000
#define ORF_LOAD_MAX_LEVELS       10000
/* Of all levels: endurance is meant in hours. */
#define ORF_LOAD_MAX_DAYS 30

typedef struct {
  char name[16];            /* "baseline", "spike", "40/s" */
  gint64 from_us, until_us; /* since the start */
  double rate;
  guint64 n_requests;
} OrfLoadLevel;

typedef struct _OrfLoadPlan OrfLoadPlan;

/* INVALID_ARGUMENT names the option. */
OrfLoadPlan *orf_load_plan_new (const OrfLoadSetup *setup, GError **error);
void orf_load_plan_free (OrfLoadPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfLoadPlan, orf_load_plan_free)

OrfLoadKind orf_load_plan_get_kind (const OrfLoadPlan *plan);
gboolean orf_load_plan_is_random (const OrfLoadPlan *plan);
guint orf_load_plan_get_n_levels (const OrfLoadPlan *plan);
const OrfLoadLevel *orf_load_plan_get_level (const OrfLoadPlan *plan, guint level);
gint64 orf_load_plan_get_duration (const OrfLoadPlan *plan);
/* Of the level that a time lies in. */
guint orf_load_plan_find_level (const OrfLoadPlan *plan, gint64 at_us);

/* The place in the row of requests. */
typedef struct {
  guint level;
  guint64 n;   /* in it */
  double into; /* of random arrivals: the share of the level that has passed */
} OrfLoadCursor;
/* The first one. */
OrfLoadCursor orf_load_plan_begin (const OrfLoadPlan *plan);
/* When the request is to be sent, since the start; G_MAXINT64 after the last. */
gint64 orf_load_plan_get_time (const OrfLoadPlan *plan, const OrfLoadCursor *cursor);
void orf_load_plan_advance (const OrfLoadPlan *plan, OrfLoadCursor *cursor);

G_END_DECLS
