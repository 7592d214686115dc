/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-load-target.h"

#include <netdb.h>
#include <string.h>
#include <sys/un.h>

#include "orf-error.h"

#define SOCKET_SCHEME "unix:"

static gboolean
refuse (const char *url, const char *reason, GError **error)
{
  g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
               "URL: \"%s\" %s; http://HOST[:PORT][/PATH], ws://HOST[:PORT]/PATH or unix:PATH is "
               "what load can send to",
               url, reason);
  return FALSE;
}

static gboolean
set_socket (OrfLoadTarget *target, const char *url, GError **error)
{
  struct sockaddr_un *address = (struct sockaddr_un *) &target->address;
  const char *path = url + strlen (SOCKET_SCHEME);

  if (*path == '\0' || strlen (path) >= sizeof address->sun_path)
    return refuse (url, "has no path that a socket can have", error);
  address->sun_family = AF_UNIX;
  strcpy (address->sun_path, path);
  target->address_length = sizeof *address;
  target->way = ORF_LOAD_WAY_SOCKET;
  return TRUE;
}

static gboolean
look_up (OrfLoadTarget *target, const char *host, int port, GError **error)
{
  const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
  struct addrinfo *found = NULL;
  g_autofree char *service = g_strdup_printf ("%d", port);
  int code = getaddrinfo (host, service, &hints, &found);

  if (code != 0) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "%s: %s", host, gai_strerror (code));
    return FALSE;
  }
  memcpy (&target->address, found->ai_addr, found->ai_addrlen);
  target->address_length = found->ai_addrlen;
  freeaddrinfo (found);
  return TRUE;
}

static gboolean
set_url (OrfLoadTarget *target, const char *url, GError **error)
{
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_ENCODED, NULL);
  const char *scheme = uri != NULL ? g_uri_get_scheme (uri) : NULL;
  const char *query;
  int port;

  if (uri == NULL || g_uri_get_host (uri) == NULL || *g_uri_get_host (uri) == '\0')
    return refuse (url, "is no URL with a host", error);
  if (g_str_equal (scheme, "ws"))
    target->way = ORF_LOAD_WAY_WEBSOCKET;
  else if (!g_str_equal (scheme, "http"))
    return refuse (url, "has another scheme (there is no TLS here)", error);
  port = g_uri_get_port (uri) > 0 ? g_uri_get_port (uri) : 80;
  query = g_uri_get_query (uri);
  target->path = g_strconcat (*g_uri_get_path (uri) != '\0' ? g_uri_get_path (uri) : "/",
                              query != NULL ? "?" : NULL, query, NULL);
  target->host = strchr (g_uri_get_host (uri), ':') != NULL
                   ? g_strdup_printf ("[%s]:%d", g_uri_get_host (uri), port)
                   : g_strdup_printf ("%s:%d", g_uri_get_host (uri), port);
  return look_up (target, g_uri_get_host (uri), port, error);
}

OrfLoadTarget *
orf_load_target_new (const char *url, GError **error)
{
  g_autoptr (OrfLoadTarget) target = g_new0 (OrfLoadTarget, 1);

  target->shown = g_strdup (url);
  if (!(g_str_has_prefix (url, SOCKET_SCHEME) ? set_socket : set_url) (target, url, error))
    return NULL;
  return g_steal_pointer (&target);
}

void
orf_load_target_free (OrfLoadTarget *target)
{
  if (target == NULL)
    return;
  g_free (target->shown);
  g_free (target->host);
  g_free (target->path);
  g_free (target);
}

gboolean
orf_load_target_is_rpc (const OrfLoadTarget *target)
{
  return target->way != ORF_LOAD_WAY_HTTP || g_str_equal (target->path, "/rpc");
}
