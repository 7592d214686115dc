/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <hiredis/async.h>

G_BEGIN_DECLS

/*
 * Looks at what a node says while hiredis reads it.  hiredis takes for granted that a node answers
 * what it was asked, and asserts it, which would end the daemon: an answer too many, or a message
 * of no shape that messages have, is refused here instead, and the connection with it.
 */
void orf_redis_reader_guard (redisAsyncContext *connection);

/* Why the connection has ended, for people. */
const char *orf_redis_reader_get_problem (const redisAsyncContext *connection);

G_END_DECLS
