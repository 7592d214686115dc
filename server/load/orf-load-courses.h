/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-types.h"
#include "store/orf-connection.h"

G_BEGIN_DECLS

/* How the daemon's side went while a load test ran: server->series and seen_to_us, of its span and
 * steps, in a reader's thread. */
gboolean orf_load_courses_read (OrfLoadServer *server, OrfConnection *connection, GError **error);

G_END_DECLS
