/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "orf-ctl-exit.h"

G_BEGIN_DECLS

/* A JSON-RPC request of ours and the response to it, as text. */

/* One line, ended by a newline.  params is JSON text that parses (raw newlines in it are only space
 * there), or NULL; deadline_ms 0: none. */
GString *orf_ctl_request_new (const char *method, const char *params, gint64 deadline_ms);

/* TRUE: this text is the response, and not a notification or chatter before it. */
gboolean orf_ctl_reply_is_response (const char *text, gsize length);
/* The bytes of "result" as they came, or the error: "METHOD: STATUS: message (field: allowed …)".
 */
OrfCtlExit orf_ctl_reply_get_result (
  const char *method, const char *text, gsize length, char **result, GError **error);

G_END_DECLS
