/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/orf-http-address.h"

#include <string.h>
#include <sys/socket.h>

#include <gio/gunixsocketaddress.h>

gboolean
orf_http_address_is_loopback (GSocketAddress *address)
{
  static const guint8 mapped[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127 };
  GInetAddress *inet;

  if (!G_IS_INET_SOCKET_ADDRESS (address))
    return G_IS_UNIX_SOCKET_ADDRESS (address);
  inet = g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address));
  return g_inet_address_get_is_loopback (inet) ||
         (g_inet_address_get_family (inet) == G_SOCKET_FAMILY_IPV6 &&
          memcmp (g_inet_address_to_bytes (inet), mapped, sizeof mapped) == 0);
}

char *
orf_http_address_dup_local (int fd)
{
  struct sockaddr_storage storage;
  socklen_t length = sizeof storage;
  g_autoptr (GSocketAddress) address = NULL;

  if (getsockname (fd, (struct sockaddr *) &storage, &length) == 0)
    address = g_socket_address_new_from_native (&storage, length);
  if (address == NULL || !G_IS_INET_SOCKET_ADDRESS (address))
    return NULL;
  return g_inet_address_to_string (
    g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address)));
}

char *
orf_http_address_to_text (GSocketAddress *address)
{
  if (!G_IS_INET_SOCKET_ADDRESS (address))
    return g_strdup ("");
  return g_inet_address_to_string (
    g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address)));
}
