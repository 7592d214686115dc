/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "transport/orf-poller.h"
#include "transport/orf-tls-credentials.h"

G_BEGIN_DECLS

/*
 * One client under TLS and the plain socket behind it: what comes by one goes to the other, each
 * way through a buffer of one record.  All in the relay's thread.
 */
typedef struct _OrfTlsLink OrfTlsLink;

typedef struct {
  gint64 handshake_us; /* the client has to be through with it by then */
  gint64 stall_us;     /* the client has to take something of what waits for it by then */
} OrfTlsLinkLimits;

typedef struct {
  OrfPoller *poller;
  OrfTlsLinkLimits limits;
  /* It is about to be freed, whoever does it. */
  void (*closed) (gpointer user_data, GList *link);
  gpointer user_data;
} OrfTlsLinkHost;

/* Takes both descriptors, also where it fails (NULL). */
OrfTlsLink *orf_tls_link_new (const OrfTlsLinkHost *host,
                              OrfTlsCredentials *credentials,
                              int outer_fd,
                              int inner_fd);
/* Closes both at once. */
void orf_tls_link_free (OrfTlsLink *link);
GList *orf_tls_link_get_list_link (OrfTlsLink *link);
/* Begins; the link may be gone when it returns, and after each turn of the loop from then on. */
void orf_tls_link_start (OrfTlsLink *link);
/* Ends it if its time has passed; may free it. */
void orf_tls_link_expire (OrfTlsLink *link, gint64 now_us);
/* Nothing of the server's is on its way to the client any more. */
gboolean orf_tls_link_is_sent (const OrfTlsLink *link);

G_END_DECLS
