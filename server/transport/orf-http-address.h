/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Also for IPv4 in IPv6's clothes, and for a Unix socket, which is of this machine. */
gboolean orf_http_address_is_loopback (GSocketAddress *address);
/* The address that a connection came to, as text.  NULL: not known, which allows less. */
char *orf_http_address_dup_local (int fd);

/* Without the port; "" for what is no address of the internet. */
char *orf_http_address_to_text (GSocketAddress *address);

G_END_DECLS
