/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Who listens at a TCP port of this machine: "python3 (pid 4711)", as far as /proc lets us see;
 * NULL. */
char *orf_port_holder_find (guint16 port);

G_END_DECLS
