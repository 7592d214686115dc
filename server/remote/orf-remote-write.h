/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "outbox/orf-outbox.h"

G_BEGIN_DECLS

/*
 * Hands every sample on to a receiver of Prometheus' remote write (1.0).  The queue is sample_raw
 * itself: an entry of the outbox names a run of its rows, a cursor says how far entries go, and
 * retention keeps what is in neither.  Main context; rows are read and packed in a reader's thread.
 */
typedef struct _OrfRemoteWrite OrfRemoteWrite;

/* The name of its destination in the outbox. */
#define ORF_REMOTE_WRITE_NAME "remote_write"

/* Whether orf_remote_write_new() would take [remote_write].  Reads the files that it names. */
gboolean orf_remote_write_check (const OrfConfig *config, GError **error);
/* Adds itself to outbox, which must not be started yet, where [remote_write] url is set.  config,
 * store and outbox outlive it. */
OrfRemoteWrite *
orf_remote_write_new (const OrfConfig *config, OrfStore *store, OrfOutbox *outbox, GError **error);
/* Once the outbox is started. */
void orf_remote_write_start (OrfRemoteWrite *remote);
/* Before the outbox is stopped. */
void orf_remote_write_stop (OrfRemoteWrite *remote);
/* After the store is closed. */
void orf_remote_write_free (OrfRemoteWrite *remote);
/* Other settings, and secrets that may be others.  On error the ones before stay in force. */
gboolean orf_remote_write_reload (OrfRemoteWrite *remote, GError **error);

typedef struct {
  const char *url;
  guint64 samples;        /* that a receiver took, since start */
  guint64 dropped;        /* refused, given up for room, or gone before they were read */
  guint64 requests;       /* sent */
  gint64 pending_samples; /* stored and not taken yet, as far as is known */
  gint64 behind_us;       /* age of the oldest of those; 0: there are none */
} OrfRemoteWriteState;

/* FALSE: nothing is handed on. */
gboolean orf_remote_write_get_state (OrfRemoteWrite *remote, OrfRemoteWriteState *state);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfRemoteWrite, orf_remote_write_free)

G_END_DECLS
