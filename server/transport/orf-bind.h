/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Listening sockets, non-blocking and close-on-exec, one that was passed on to us before one of our
 * own; -1 with an error as orf-listener.h has them. */

/* listen is one that orf_bind_tcp() understands. */
gboolean orf_bind_check_address (const char *listen, GError **error);
/* *port: that in fact bound. */
int orf_bind_tcp (const char *listen, int backlog, guint16 *port, GError **error);
/* *inherited: who made it will remove path. */
int orf_bind_unix (const char *path, int backlog, gboolean *inherited, GError **error);

G_END_DECLS
