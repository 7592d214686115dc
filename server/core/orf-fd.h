/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Blocking descriptors: files, and what small programs talk by, in lines.  FALSE: errno says why.
 */

gboolean orf_fd_write_all (int fd, gconstpointer data, gsize length);
/* One line into an empty string, without its end.  FALSE also where it has max_bytes and no end, or
 * what is read ends before it. */
gboolean orf_fd_read_line (int fd, GString *line, gsize max_bytes);

G_END_DECLS
