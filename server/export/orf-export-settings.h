/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-config.h"
#include "outbox/orf-http-sender.h"

G_BEGIN_DECLS

/* What [trace_export] says of a receiver, checked and made of use. */

#define ORF_EXPORT_SECTION "trace_export"

/* Whether a URL leads to one of our own listeners: what came would be sent to where it came from.
 * Pure. */
gboolean orf_export_is_own (const OrfConfig *config, const char *url);

/* *headers: all that a request has beside its type, for orf_http_sender_post().  Reads files;
 * INVALID_ARGUMENT with the key, or the sender's errors. */
OrfHttpSender *orf_export_settings_make_sender (const OrfConfig *config,
                                                const OrfConfigTraceReceiver *settings,
                                                char ***headers,
                                                GError **error);

G_END_DECLS
