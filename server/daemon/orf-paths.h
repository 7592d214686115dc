/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-config.h"

G_BEGIN_DECLS

/* Where things are when config does not say. */

/* $STATE_DIRECTORY (systemd), else $XDG_STATE_HOME/orfeas; orfeas.db in it. */
char *orf_paths_dup_db (const OrfConfig *config);
/* $RUNTIME_DIRECTORY (systemd), else $XDG_RUNTIME_DIR/orfeas, else /tmp/orfeas-UID; orfeas.sock in
 * it. */
char *orf_paths_dup_socket (const OrfConfig *config);
/* `cookie` beside the socket. */
char *orf_paths_dup_cookie (const char *socket);
/* socket: the main one's path. */
char *orf_paths_dup_cache_socket (const OrfConfig *config, const char *socket);
/* Where that is another daemon's, whose main socket is in the same folder: a name of this one's. */
char *orf_paths_dup_second_cache_socket (const char *socket);
/* orfeas-probe of the build tree that the daemon runs from, else the installed one. */
char *orf_paths_dup_probe (void);
/* The same for orfeas-sql, and for orfeas-exec. */
char *orf_paths_dup_sql (void);
char *orf_paths_dup_exec (void);

G_END_DECLS
