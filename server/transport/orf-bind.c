/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/orf-bind.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "orf-error.h"
#include "transport/orf-inherited.h"
#include "transport/orf-port-holder.h"

#define TCP_FIELD  "listen.http"
#define UNIX_FIELD "listen.socket"

/* Of each connection, which inherits it (the kernel doubles it): left alone it grows to 4 MiB for
 * a client that does not read. */
#define SEND_BYTES 262144

/* ---- TCP ------------------------------------------------------------------------------------- */

static gboolean
refuse_address (const char *listen, const char *why, GError **error)
{
  g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, TCP_FIELD,
                                                 "HOST:PORT, with a port from 0 to 65535",
                                                 "cannot listen at \"%s\": %s", listen, why));
  return FALSE;
}

/* HOST:PORT or [HOST]:PORT. */
static gboolean
split (const char *listen, char **host, char **port, GError **error)
{
  const char *colon = strrchr (listen, ':');
  guint64 number;

  if (colon == NULL || colon == listen)
    return refuse_address (listen, "it is not HOST:PORT", error);
  if (!g_ascii_string_to_unsigned (colon + 1, 10, 0, G_MAXUINT16, &number, NULL))
    return refuse_address (listen, "its port is none", error);
  if (listen[0] == '[' && colon[-1] == ']')
    *host = g_strndup (listen + 1, (gsize) (colon - listen) - 2);
  else
    *host = g_strndup (listen, (gsize) (colon - listen));
  *port = g_strdup (colon + 1);
  return TRUE;
}

gboolean
orf_bind_check_address (const char *listen, GError **error)
{
  g_autofree char *host = NULL;
  g_autofree char *port = NULL;

  return split (listen, &host, &port, error);
}

static void
set_in_use (const char *listen, guint16 port, GError **error)
{
  g_autofree char *holder = orf_port_holder_find (port);

  g_propagate_error (
    error, orf_error_new_field (ORF_ERROR_FAILED_PRECONDITION, TCP_FIELD, "a free port",
                                "cannot listen at %s: the port is in use by %s; choose another "
                                "with --listen HOST:PORT",
                                listen, holder != NULL ? holder : "another program"));
}

typedef union {
  struct sockaddr any;
  struct sockaddr_in ipv4;
  struct sockaddr_in6 ipv6;
} TcpAddress;

static guint16
read_port (const TcpAddress *address)
{
  return ntohs (address->any.sa_family == AF_INET6 ? address->ipv6.sin6_port
                                                   : address->ipv4.sin_port);
}

static guint16
get_bound_port (int fd)
{
  TcpAddress address = { .ipv6 = { 0 } };
  socklen_t length = sizeof address;

  return getsockname (fd, &address.any, &length) == 0 ? read_port (&address) : 0;
}

/* What connections inherit: room, and that nothing waits for an acknowledgement, as answers leave
 * whole. */
static gboolean
prepare (int fd)
{
  int on = 1, send_bytes = SEND_BYTES;

  return setsockopt (fd, SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof send_bytes) == 0 &&
         setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0;
}

/* -1 and errno. */
static int
bind_one (const struct addrinfo *at, int backlog)
{
  int inherited = orf_inherited_take (at->ai_addr, at->ai_addrlen);
  int fd = inherited >= 0 ? inherited
                          : socket (at->ai_family, at->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                                    at->ai_protocol);
  int on = 1, reason;

  if (fd < 0)
    return -1;
  /* SO_REUSEADDR: a restart must not wait for the last connections' TIME_WAIT */
  if (prepare (fd) &&
      (inherited >= 0 || (setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                          bind (fd, at->ai_addr, at->ai_addrlen) == 0)) &&
      listen (fd, backlog) == 0)
    return fd;
  reason = errno;
  close (fd);
  errno = reason;
  return -1;
}

int
orf_bind_tcp (const char *listen, int backlog, guint16 *port, GError **error)
{
  const struct addrinfo hints = { .ai_family = AF_UNSPEC,
                                  .ai_socktype = SOCK_STREAM,
                                  .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
  g_autofree char *host = NULL, *service = NULL;
  struct addrinfo *found;
  int status, fd = -1;

  if (!split (listen, &host, &service, error))
    return -1;
  status = getaddrinfo (host, service, &hints, &found);
  if (status != 0) {
    refuse_address (listen, gai_strerror (status), error);
    return -1;
  }
  fd = bind_one (found, backlog); /* the first: a name means one listening address */
  if (fd >= 0)
    *port = get_bound_port (fd);
  else if (errno == EADDRINUSE)
    set_in_use (listen, read_port ((const TcpAddress *) found->ai_addr), error);
  else
    refuse_address (listen, g_strerror (errno), error);
  freeaddrinfo (found);
  return fd;
}

/* ---- Unix ------------------------------------------------------------------------------------ */

static int
refuse_path (
  OrfErrorCode code, const char *path, const char *allowed, const char *why, GError **error)
{
  g_propagate_error (error, orf_error_new_field (code, UNIX_FIELD, allowed,
                                                 "cannot listen at %s: %s", path, why));
  return -1;
}

/* Who may write in the folder may put a socket of his own in our place. */
static gboolean
check_folder (const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  struct stat state;

  if (g_mkdir_with_parents (folder, 0700) != 0 || stat (folder, &state) != 0) {
    refuse_path (ORF_ERROR_FAILED_PRECONDITION, path, "a folder that can be made",
                 g_strerror (errno), error);
    return FALSE;
  }
  if (state.st_uid != geteuid () || (state.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    refuse_path (ORF_ERROR_FAILED_PRECONDITION, path, "in a folder that only we may write to",
                 "its folder belongs to, or may be written by, another user", error);
    return FALSE;
  }
  return TRUE;
}

/* TRUE when nothing is at path any more: a socket that nobody answers at is removed. */
static gboolean
make_way (const char *path, const struct sockaddr_un *address, GError **error)
{
  struct stat state;
  int fd, status;

  if (lstat (path, &state) != 0)
    return TRUE;
  if (!S_ISSOCK (state.st_mode)) {
    refuse_path (ORF_ERROR_FAILED_PRECONDITION, path, "a path that is free",
                 "something else is there", error);
    return FALSE;
  }
  fd = socket (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  status = fd >= 0 ? connect (fd, (const struct sockaddr *) address, sizeof *address) : -1;
  if (status != 0 && fd >= 0 && errno == ECONNREFUSED) {
    close (fd);
    unlink (path); /* if it stays, bind() says so */
    return TRUE;
  }
  if (fd >= 0)
    close (fd);
  refuse_path (ORF_ERROR_FAILED_PRECONDITION, path, "a path that is free",
               "another daemon answers there; choose another with --socket PATH", error);
  return FALSE;
}

int
orf_bind_unix (const char *path, int backlog, gboolean *inherited, GError **error)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd, reason;

  if (path[0] == '\0') /* to the kernel: a name of its own choice, that no file mode guards */
    return refuse_path (ORF_ERROR_INVALID_ARGUMENT, "\"\"", "a path", "the path is empty", error);
  if (strlen (path) >= sizeof address.sun_path)
    return refuse_path (ORF_ERROR_INVALID_ARGUMENT, path, "at most 107 bytes",
                        "the path is too long", error);
  strcpy (address.sun_path, path); /* it fits */
  fd = orf_inherited_take ((const struct sockaddr *) &address, sizeof address);
  *inherited = fd >= 0;
  if (*inherited)
    return fd;
  if (!check_folder (path, error) || !make_way (path, &address, error))
    return -1;
  fd = socket (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return refuse_path (ORF_ERROR_UNAVAILABLE, path, NULL, g_strerror (errno), error);
  /* 0600 from its first moment: Linux makes the file with the socket's own mode.  Not by umask(),
   * which is all threads', and the store's make files meanwhile. */
  if (fchmod (fd, 0600) == 0 &&
      bind (fd, (const struct sockaddr *) &address, sizeof address) == 0 &&
      listen (fd, backlog) == 0)
    return fd;
  reason = errno;
  close (fd);
  return refuse_path (ORF_ERROR_FAILED_PRECONDITION, path, NULL, g_strerror (reason), error);
}
