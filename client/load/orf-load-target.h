/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/socket.h>

#include "orf-load-tls.h"

G_BEGIN_DECLS

/* Where requests go. */
typedef enum {
  ORF_LOAD_WAY_HTTP,
  ORF_LOAD_WAY_WEBSOCKET, /* JSON-RPC in text messages */
  ORF_LOAD_WAY_SOCKET,    /* JSON-RPC by lines, on a Unix socket */
} OrfLoadWay;

typedef struct {
  OrfLoadWay way;
  char *shown; /* the URL, for people */
  char *host;  /* for the header */
  char *path;  /* with its query; of a Unix socket: none */
  struct sockaddr_storage address;
  socklen_t address_length;
  OrfLoadTrust *trust; /* of https and wss; NULL: no TLS */
} OrfLoadTarget;

/* http[s]://HOST[:PORT][/PATH], ws[s]://HOST[:PORT]/PATH, unix:PATH.  The name is looked up here,
 * once.  trust_file: as orf_load_trust_new() has it.  INVALID_ARGUMENT, or UNAVAILABLE where there
 * is no such host. */
OrfLoadTarget *orf_load_target_new (const char *url, const char *trust_file, GError **error);
void orf_load_target_free (OrfLoadTarget *target);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfLoadTarget, orf_load_target_free)

/* Whether answers are JSON-RPC's: errors are looked for in them. */
gboolean orf_load_target_is_rpc (const OrfLoadTarget *target);

G_END_DECLS
