/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"

G_BEGIN_DECLS

/*
 * What series are called in a receiver of remote write, by the rules of doc/prometheus.md, told
 * from the file alone: series that are not active any more may have samples that wait.  Where two
 * metrics would have one name, the one that the file has had for longer keeps it, so that a history
 * goes on under its name; of a file with very many series, the one that was sent first.  Used by
 * one thread at a time.
 */
typedef struct _OrfRemoteNames OrfRemoteNames;

typedef struct {
  GBytes *labels;          /* as a request has them */
  double multiply, divide; /* a value is sent as value * multiply / divide */
  gint64 last_ms;          /* of its newest sample that was put into a request */
  /* of one batch, which is what made them */
  guint64 batch;
  guint n, at;
} OrfRemoteSeries;

/* external_labels: name, value, …, NULL. */
OrfRemoteNames *orf_remote_names_new (char *const *external_labels);
void orf_remote_names_free (OrfRemoteNames *names);

/* Rows that were put into requests are read once more: none of them is late for that. */
void orf_remote_names_rewind (OrfRemoteNames *names);
/* Once before the series of a batch: looks now and then for what was defined anew, and lets go of
 * series that had no samples for long.  now_us: monotonic. */
gboolean orf_remote_names_begin (OrfRemoteNames *names,
                                 OrfConnection *connection,
                                 gint64 now_us,
                                 GError **error);
/* Metrics that are known, the daemon's own histograms included. */
guint orf_remote_names_get_n_families (const OrfRemoteNames *names);
/* Which batch that was: 1, 2, … */
guint64 orf_remote_names_get_batch (const OrfRemoteNames *names);
/* *series is NULL where there is no such series, or another is sent under its name. */
gboolean orf_remote_names_find (OrfRemoteNames *names,
                                OrfConnection *connection,
                                gint64 id,
                                OrfRemoteSeries **series,
                                GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfRemoteNames, orf_remote_names_free)

G_END_DECLS
