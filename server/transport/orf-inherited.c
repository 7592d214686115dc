/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/orf-inherited.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include <glib-unix.h>

#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

typedef union {
  struct sockaddr any;
  struct sockaddr_in ipv4;
  struct sockaddr_in6 ipv6;
  struct sockaddr_un local;
  struct sockaddr_storage storage;
} Address;

G_LOCK_DEFINE_STATIC (sockets); /* protects it: cache.sock is bound by the cache's thread */
static GArray *sockets;         /* int; NULL: none was passed */

static gboolean
is_same (const Address *one, const Address *other)
{
  if (one->any.sa_family != other->any.sa_family)
    return FALSE;
  switch (one->any.sa_family) {
  case AF_INET:
    return one->ipv4.sin_port == other->ipv4.sin_port &&
           one->ipv4.sin_addr.s_addr == other->ipv4.sin_addr.s_addr;
  case AF_INET6:
    return one->ipv6.sin6_port == other->ipv6.sin6_port &&
           memcmp (&one->ipv6.sin6_addr, &other->ipv6.sin6_addr, sizeof one->ipv6.sin6_addr) == 0;
  case AF_UNIX:
    return strncmp (one->local.sun_path, other->local.sun_path, sizeof one->local.sun_path) == 0;
  default:
    return FALSE;
  }
}

static gboolean
listens_at (int fd, const Address *address)
{
  Address own = { .storage = { 0 } };
  socklen_t length = sizeof own;

  return getsockname (fd, &own.any, &length) == 0 && is_same (&own, address);
}

void
orf_inherited_collect (void)
{
#ifdef HAVE_SYSTEMD
  int n = sd_listen_fds (TRUE); /* marks them close-on-exec; the environment no longer tells */

  for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + n; fd++) {
    if (sd_is_socket (fd, AF_UNSPEC, SOCK_STREAM, TRUE) <= 0 ||
        !g_unix_set_fd_nonblocking (fd, TRUE, NULL)) {
      g_warning ("descriptor %d that was passed on is no listening socket", fd);
      close (fd);
      continue;
    }
    if (sockets == NULL)
      sockets = g_array_new (FALSE, FALSE, sizeof (int));
    g_array_append_val (sockets, fd);
  }
#endif
}

int
orf_inherited_take (const struct sockaddr *address, socklen_t length)
{
  Address wanted = { .storage = { 0 } };
  int fd = -1;

  memcpy (&wanted, address, MIN (length, sizeof wanted));
  G_LOCK (sockets);
  for (guint i = 0; sockets != NULL && fd < 0 && i < sockets->len; i++) {
    if (listens_at (g_array_index (sockets, int, i), &wanted)) {
      fd = g_array_index (sockets, int, i);
      g_array_remove_index (sockets, i);
    }
  }
  G_UNLOCK (sockets);
  return fd;
}

void
orf_inherited_close_rest (void)
{
  G_LOCK (sockets);
  for (guint i = 0; sockets != NULL && i < sockets->len; i++) {
    int fd = g_array_index (sockets, int, i);

    g_warning ("descriptor %d that was passed on is at no address where we listen", fd);
    close (fd);
  }
  g_clear_pointer (&sockets, g_array_unref);
  G_UNLOCK (sockets);
}
