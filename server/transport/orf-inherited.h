/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/socket.h>

#include <glib.h>

G_BEGIN_DECLS

/*
 * Listening sockets that who started us made for us (systemd's socket activation), known by the
 * address at which they listen.  They stay open while we are gone, so that callers wait instead of
 * failing.
 */

/* Once, by main(), before there are threads. */
void orf_inherited_collect (void);
/* The one at this address, non-blocking and close-on-exec, which is the caller's now; -1: none.
 * From any thread. */
int orf_inherited_take (const struct sockaddr *address, socklen_t length);
/* Closes those that nobody took, and says so: else callers would wait there for ever. */
void orf_inherited_close_rest (void);

G_END_DECLS
