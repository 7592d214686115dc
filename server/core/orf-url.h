/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * The URL of something that is asked by HTTP: http://…, https://…, or, as nginx writes it,
 * http://unix:/SOCKET:/PATH for one behind a Unix socket.  A plain value, pure.
 */
typedef struct {
  char *socket_path;    /* NULL: it is reached by TCP */
  char *request;        /* the URL to ask for, without credentials */
  char *credentials;    /* USER:PASSWORD; NULL: none */
  char *shown;          /* for people: neither credentials nor query */
  gboolean is_loopback; /* it does not leave this machine, by its name */
} OrfUrl;

/* default_path: where the URL has none.  NULL: it is no such URL. */
OrfUrl *orf_url_parse (const char *text, const char *default_path);
void orf_url_free (OrfUrl *url);
gboolean orf_url_is_valid (const char *text);
/* Whether a host, by its name alone, is this machine. */
gboolean orf_url_is_loopback (const char *host);

/* A name or a value of a query, decoded as forms have it; NULL: it is no percent-encoded UTF-8. */
char *orf_url_decode_form (const char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfUrl, orf_url_free)

G_END_DECLS
