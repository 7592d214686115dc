/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Before a socket is closed on someone who does not read: takes back what the kernel still has to
 * send, which it would keep, and try to send, for minutes.  The other end sees a reset, if there
 * was such. */
void orf_unsent_drop (int fd);
/* What the kernel still has to send, or the other end to acknowledge. */
gsize orf_unsent_get_bytes (int fd);

G_END_DECLS
