/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * What libsoup reads a connection's requests from and writes its answers to.  It has no descriptor:
 * its owner says when there is something, so that GLib polls one descriptor for all connections.
 */
#define ORF_TYPE_HTTP_STREAM (orf_http_stream_get_type ())
G_DECLARE_FINAL_TYPE (OrfHttpStream, orf_http_stream, ORF, HTTP_STREAM, GIOStream)

typedef struct {
  /* As read(2) and write(2): 0 at the end, -1 with errno, which is EAGAIN where it would block. */
  gssize (*read) (gpointer owner, void *buffer, gsize length);
  gssize (*write) (gpointer owner, const void *data, gsize length);
  /* libsoup waits for input, or for room; TRUE if it need not. */
  gboolean (*await_input) (gpointer owner);
  gboolean (*await_output) (gpointer owner);
  /* The last that is called. */
  void (*close) (gpointer owner);
} OrfHttpStreamOps;

OrfHttpStream *orf_http_stream_new (const OrfHttpStreamOps *ops, gpointer owner);
/* What libsoup waited for is there. */
void orf_http_stream_wake_input (OrfHttpStream *stream);
void orf_http_stream_wake_output (OrfHttpStream *stream);

G_END_DECLS
