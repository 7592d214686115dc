/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "redis/orf-redis-address.h"

#include <gio/gio.h>

#include "orf-error.h"

gboolean
orf_redis_address_parse (OrfRedisAddress *address, const char *text, GError **error)
{
  g_autoptr (GSocketConnectable) parsed = NULL;
  const char *host;

  if (text[0] == '/') {
    *address = (OrfRedisAddress){ .path = g_strdup (text) };
    return TRUE;
  }
  parsed = g_network_address_parse (text, ORF_REDIS_PORT, NULL);
  host = parsed != NULL ? g_network_address_get_hostname (G_NETWORK_ADDRESS (parsed)) : NULL;
  if (host == NULL || host[0] == '\0' ||
      g_network_address_get_port (G_NETWORK_ADDRESS (parsed)) == 0) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                 "\"%s\" is no address of a Redis node: HOST:PORT, or the path of a socket", text);
    return FALSE;
  }
  *address = (OrfRedisAddress){
    .host = g_strdup (host),
    .port = g_network_address_get_port (G_NETWORK_ADDRESS (parsed)),
  };
  return TRUE;
}

void
orf_redis_address_clear (OrfRedisAddress *address)
{
  g_clear_pointer (&address->path, g_free);
  g_clear_pointer (&address->host, g_free);
}
