/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Blocking descriptors: files, and what small programs talk by.  FALSE: errno says why. */

gboolean orf_fd_write_all (int fd, gconstpointer data, gsize length);
/* One line into an empty string, without its end.  FALSE also where it has max_bytes and no end, or
 * what is read ends before it. */
gboolean orf_fd_read_line (int fd, GString *line, gsize max_bytes);

/* What a non-blocking socket takes now of data, from *n_sent on, which grows by it.  FALSE: there
 * is nothing more to do: all is sent, or the other end takes no more, and what is read from it
 * tells why. */
gboolean orf_fd_send_some (int fd, const char *data, gsize length, gsize *n_sent);

G_END_DECLS
