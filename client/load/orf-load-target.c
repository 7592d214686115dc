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
  g_set_error (
    error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
    "URL: \"%s\" %s; http[s]://HOST[:PORT][/PATH], ws[s]://HOST[:PORT]/PATH or unix:PATH "
    "is what load can send to",
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

static const struct {
  const char *scheme;
  OrfLoadWay way;
  int port;
  gboolean is_safe;
} schemes[] = {
  { "http", ORF_LOAD_WAY_HTTP, 80, FALSE },
  { "https", ORF_LOAD_WAY_HTTP, 443, TRUE },
  { "ws", ORF_LOAD_WAY_WEBSOCKET, 80, FALSE },
  { "wss", ORF_LOAD_WAY_WEBSOCKET, 443, TRUE },
};

/* -1: there is none of that name. */
static int
find_scheme (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (schemes); i++)
    if (strcmp (schemes[i].scheme, name) == 0)
      return (int) i;
  return -1;
}

static gboolean
set_trust (OrfLoadTarget *target, const char *host, const char *trust_file, GError **error)
{
  target->trust = orf_load_trust_new (host, trust_file, error);
  return target->trust != NULL;
}

static gboolean
set_url (OrfLoadTarget *target, const char *url, const char *trust_file, GError **error)
{
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_ENCODED, NULL);
  const char *host = uri != NULL ? g_uri_get_host (uri) : NULL;
  const char *query;
  int scheme, port;

  if (host == NULL || *host == '\0')
    return refuse (url, "is no URL with a host", error);
  scheme = find_scheme (g_uri_get_scheme (uri));
  if (scheme < 0)
    return refuse (url, "has another scheme", error);
  target->way = schemes[scheme].way;
  if (schemes[scheme].is_safe && !set_trust (target, host, trust_file, error))
    return FALSE;
  port = g_uri_get_port (uri) > 0 ? g_uri_get_port (uri) : schemes[scheme].port;
  query = g_uri_get_query (uri);
  target->path = g_strconcat (*g_uri_get_path (uri) != '\0' ? g_uri_get_path (uri) : "/",
                              query != NULL ? "?" : NULL, query, NULL);
  target->host = g_strdup_printf (strchr (host, ':') != NULL ? "[%s]:%d" : "%s:%d", host, port);
  return look_up (target, host, port, error);
}

OrfLoadTarget *
orf_load_target_new (const char *url, const char *trust_file, GError **error)
{
  g_autoptr (OrfLoadTarget) target = g_new0 (OrfLoadTarget, 1);

  /* a socket's path may be no text, of which there is no JSON */
  target->shown = g_utf8_make_valid (url, -1);
  if (g_str_has_prefix (url, SOCKET_SCHEME) ? !set_socket (target, url, error)
                                            : !set_url (target, url, trust_file, error))
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
  orf_load_trust_free (target->trust);
  g_free (target);
}

gboolean
orf_load_target_is_rpc (const OrfLoadTarget *target)
{
  return target->way != ORF_LOAD_WAY_HTTP || g_str_equal (target->path, "/rpc");
}
