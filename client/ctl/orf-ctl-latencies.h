/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How long calls took, counted by the microsecond: quantiles are exact up to a second, and what
 * took longer counts as the longest of all. */
typedef struct _OrfCtlLatencies OrfCtlLatencies;

OrfCtlLatencies *orf_ctl_latencies_new (void);
void orf_ctl_latencies_free (OrfCtlLatencies *latencies);

void orf_ctl_latencies_add (OrfCtlLatencies *latencies, gint64 took_us);
guint64 orf_ctl_latencies_get_n (const OrfCtlLatencies *latencies);
/* What `share` (0 to 1) of them took at most; -1: there is none. */
gint64 orf_ctl_latencies_get_us (const OrfCtlLatencies *latencies, double share);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCtlLatencies, orf_ctl_latencies_free)

G_END_DECLS
