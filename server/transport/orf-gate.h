/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-config.h"
#include "orf-schema-methods.h"

G_BEGIN_DECLS

/*
 * Who gets in by HTTP, and as what: on loopback a caller without token has `operate`, the cookie
 * file's token has `admin`, anything else is UNAUTHENTICATED.
 */
typedef struct _OrfGate OrfGate;

/* Writes a fresh random token to cookie_path (0600, by rename).  config is read at each call. */
OrfGate *orf_gate_new (const OrfConfig *config, const char *cookie_path, GError **error);
/* Removes the cookie file, if it still holds our token. */
void orf_gate_free (OrfGate *gate);

/* bearer NULL: no token came.  actor: for the audit, borrowed for as long as the gate lives. */
gboolean orf_gate_admit (OrfGate *gate,
                         gboolean loopback,
                         const char *bearer,
                         OrfRole *role,
                         const char **actor,
                         GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfGate, orf_gate_free)

G_END_DECLS
