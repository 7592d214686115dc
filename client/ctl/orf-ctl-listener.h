/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

#include <glib.h>

G_BEGIN_DECLS

/*
 * Who listens at a port of this machine.  Any user may take one that is free, and would be told
 * what is sent there: what shows us who we are is for the daemon of its owner alone.
 *
 * TRUE: somebody does, and all who do are that user or root, whose port is passed on by systemd or
 * a container.
 */
gboolean orf_ctl_listener_is_of (guint16 port, uid_t owner);

/* The same of two texts as /proc/net/tcp has them, either NULL. */
gboolean orf_ctl_listener_read (const char *tcp, const char *tcp6, guint16 port, uid_t owner);

G_END_DECLS
