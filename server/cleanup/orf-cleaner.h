/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "audit/orf-audit-log.h"
#include "cleanup/orf-cleanup.h"
#include "events/orf-event-service.h"
#include "metrics/orf-sampler.h"

G_BEGIN_DECLS

/*
 * All cleanups: at most one runs on a device, who wants the same joins it, the others wait for its
 * end.  Begins some by itself under pressure, writes their rows, counts them.  Main context.
 */
typedef struct _OrfCleaner OrfCleaner;

typedef struct {
  const OrfConfig *config;
  OrfStore *store;
  OrfWorkers *workers;
  OrfGpuMonitor *gpu;
  OrfSampler *sampler;
  OrfAuditLog *audit;
  OrfEventService *events;
} OrfCleanerParts;

/* parts is copied; what it names outlives the cleaner, but for store and audit, which outlive
 * orf_cleaner_stop(). */
OrfCleaner *orf_cleaner_new (const OrfCleanerParts *parts, GError **error);
/* What runs is left where it is: its row says that it did not end. */
void orf_cleaner_stop (OrfCleaner *cleaner);
void orf_cleaner_free (OrfCleaner *cleaner);
/* The daemon ends: what runs ends soon, with what there is. */
void orf_cleaner_hurry (OrfCleaner *cleaner);
/* After each frame: whether pressure asks for something. */
void orf_cleaner_look (OrfCleaner *cleaner);

/* Memory of a device is expected to run out, text says when: what [gpu] predictive_cleanup asks for
 * is said or begun, within its limits.  What was done: none, advise, act or limited (static);
 * *cleanup_id is that of what was begun, else 0. */
const char *
orf_cleaner_foresee (OrfCleaner *cleaner, const char *device, const char *text, gint64 *cleanup_id);

const OrfCleanerParts *orf_cleaner_get_parts (const OrfCleaner *cleaner);

/* Of OrfCleanupMember: who would be asked, and who not.  worker NULL: all. */
GPtrArray *orf_cleaner_plan (OrfCleaner *cleaner,
                             const char *device,
                             const char *worker,
                             OrfCleanupLevel level);

typedef struct {
  gint64 id; /* 0: a new one */
  const char *device;
  const char *worker; /* its id; NULL: all */
  OrfCleanupLevel level;
  OrfCleanupTrigger trigger;
  const char *actor;   /* NULL: nobody called */
  const char *reason;  /* NULL: somebody called */
  gint64 end_us;       /* monotonic: who began it needs the verdict by then; 0: no such time */
  gint64 enough_bytes; /* see OrfCleanupLimits */
} OrfCleanupOrder;

/* Called once.  row NULL: it was not begun, for the reason given. */
typedef void (*OrfCleanerTold) (gpointer user_data, const OrfCleanupRow *row, const GError *error);
/* An id that no cleanup has. */
gint64 orf_cleaner_take_id (OrfCleaner *cleaner);
/* Of the one that runs, or waits, and asks for as much; 0: there is none. */
gint64 orf_cleaner_find_covering (OrfCleaner *cleaner, const OrfCleanupOrder *order);
/* FALSE: that one neither runs nor waits. */
gboolean orf_cleaner_join (OrfCleaner *cleaner, gint64 id, OrfCleanerTold told, gpointer user_data);
/* At once, or when the one that runs on the device has ended.  Does not tell before it returns. */
void orf_cleaner_begin (OrfCleaner *cleaner,
                        const OrfCleanupOrder *order,
                        OrfCleanerTold told,
                        gpointer user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCleaner, orf_cleaner_free)

G_END_DECLS
