/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <hiredis/async.h>

G_BEGIN_DECLS

/*
 * Puts a connection of hiredis into a GMainContext, in whose thread it is used from then on.  The
 * source goes with the connection: when hiredis frees that, from inside its own callbacks too, the
 * source leaves the context and looks at nothing of it again.  (hiredis's own adapter goes on to
 * write after its read has freed the connection, and stays in the loop.)
 */
void orf_redis_source_attach (redisAsyncContext *connection, GMainContext *context);

G_END_DECLS
