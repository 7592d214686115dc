/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-sampler.h"

G_BEGIN_DECLS

/*
 * This machine as /proc tells it: a source of the sampler.
 */
typedef struct _OrfHostMonitor OrfHostMonitor;

/* db_path: the file system whose room is told when [host] disk_path is empty.  Sampler and config
 * outlive its use: free it after the sampler. */
OrfHostMonitor *
orf_host_monitor_new (OrfSampler *sampler, const OrfConfig *config, const char *db_path);
void orf_host_monitor_free (OrfHostMonitor *monitor);
/* 0: not yet */
gint64 orf_host_monitor_get_sampled_us (OrfHostMonitor *monitor);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfHostMonitor, orf_host_monitor_free)

G_END_DECLS
