/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/orf-config.h"
#include "judge/orf-judge.h"
#include "orf-schema-types.h"
#include "store/orf-store.h"
#include "workers/orf-workers.h"

G_BEGIN_DECLS

/*
 * Who holds more and more memory of a device: workers by what their allocators say is in live
 * tensors (what they hold from the device only grows by design), other processes by what their
 * device says.  Each is a subject of the judging thread, whose rows come back with an outlook; what
 * is suspected goes to the file.  Main context.
 */
typedef struct _OrfLeaks OrfLeaks;

/* All outlive it, but for the judge, which is stopped before. */
OrfLeaks *
orf_leaks_new (const OrfConfig *config, OrfStore *store, OrfJudge *judge, OrfWorkers *workers);
/* After workers and judge. */
void orf_leaks_free (OrfLeaks *leaks);

/* Each sample of a device; NULL: its probe left it out. */
void orf_leaks_look (OrfLeaks *leaks,
                     const char *device,
                     const OrfProbeDeviceSample *sample,
                     gint64 now_us);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfLeaks, orf_leaks_free)

G_END_DECLS
