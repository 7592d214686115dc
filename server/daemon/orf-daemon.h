/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/orf-options.h"
#include "orf-schema-config.h"

G_BEGIN_DECLS

/*
 * All parts of a running orfeasd, made in the order in which they stand on each other and taken
 * down in the opposite one.  Main context.
 */
typedef struct _OrfDaemon OrfDaemon;

/* Opens the file, starts sampling and listens.  Takes config. */
OrfDaemon *orf_daemon_new (OrfConfig *config, GError **error);
/* Finishes what is in flight with the file, then closes everything. */
void orf_daemon_free (OrfDaemon *daemon);

/* The ready line, with its newline. */
char *orf_daemon_dup_ready_line (OrfDaemon *daemon, GError **error);
/* Takes over what may change while running, and says what may not.  fresh is fitted as the config
 * was at the start. */
void orf_daemon_reload (OrfDaemon *daemon, OrfConfig *fresh);
/* Takes no new call, answers those in flight, then calls drained. */
void orf_daemon_drain (OrfDaemon *daemon, void (*drained) (gpointer user_data), gpointer user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfDaemon, orf_daemon_free)

G_END_DECLS
