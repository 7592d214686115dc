/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-load-request.h"
#include "orf-load-result.h"

G_BEGIN_DECLS

/*
 * Sends what a plan has, at the times that it has, on as many connections as are needed, and
 * tallies what becomes of it.  One thread, epoll.
 *
 * Open: requests are sent at their times, whatever became of those before; one for which there is
 * no connection waits, and its latency counts from its time.  One whose time has passed by
 * `patience_us` is dropped.  Closed: each of `n_connections` sends when it has its answer, for as
 * long as the plan has requests; latencies count from the sending.
 */
typedef struct {
  const OrfLoadTarget *target;
  OrfLoadRequests *requests;
  gboolean is_closed;
  guint n_connections; /* at most; closed: exactly */
  gint64 patience_us;  /* until an answer has to have come */
  int stop_fd;         /* becomes readable: no more is sent; -1: none */
  /* Some times a second, and after each level, with how long the run has gone on; FALSE: no more is
   * sent. */
  gboolean (*tick) (gpointer user_data, const OrfLoadResult *result, gint64 elapsed_us);
  gpointer user_data;
} OrfLoadSender;

/* Fills result.  FALSE: it could not be begun. */
gboolean orf_load_send (const OrfLoadSender *sender, OrfLoadResult *result, GError **error);

G_END_DECLS
