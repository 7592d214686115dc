/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "orf-ctl-exit.h"

G_BEGIN_DECLS

/* A JSON-RPC request of ours and the response to it, as text. */

/* One line, ended by a newline.  params is JSON text that parses (raw newlines in it are only space
 * there), or NULL; deadline_ms 0: none.  In the trace of $TRACEPARENT, $TRACESTATE. */
GString *orf_ctl_request_new (const char *method, const char *params, gint64 deadline_ms);

/* TRUE: this text is the response, and not a notification or chatter before it. */
gboolean orf_ctl_reply_is_response (const char *text, gsize length);
/* The bytes of "result" as they came, or the error: "METHOD: STATUS: message (field: allowed …)".
 */
OrfCtlExit orf_ctl_reply_get_result (
  const char *method, const char *text, gsize length, char **result, GError **error);

/* The bytes of one member of an object, which is valid JSON; NULL: it has none of that name, which
 * is given in its quotes. */
char *orf_ctl_reply_dup_member (const char *text, const char *quoted_name);

/* What a stream of this id is sent. */
typedef enum {
  ORF_CTL_STREAM_OTHER, /* none of its messages */
  ORF_CTL_STREAM_VALUE,
  ORF_CTL_STREAM_END,
} OrfCtlStreamKind;
/* *text: the value's bytes as they came, or the status that it ended with.  *dropped: how many
 * values before this one were lost. */
OrfCtlStreamKind orf_ctl_reply_get_stream (const GString *message,
                                           const char *stream,
                                           char **text,
                                           guint64 *dropped);

G_END_DECLS
