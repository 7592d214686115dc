/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/orf-listener.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/orf-clock.h"
#include "core/orf-names.h"
#include "core/orf-timer.h"
#include "orf-error.h"
#include "transport/orf-bind.h"
#include "transport/orf-http-address.h"

/* Accepted at once, and how long until the next, so that a storm leaves most of the loop's time to
 * calls: each takes 40 us, or 100 with a call.  At most 8,000 a second are taken so; others wait in
 * the kernel. */
#define MAX_ACCEPTS     8
#define ACCEPT_PAUSE_MS 1
/* Until descriptors may be there again. */
#define PAUSE_MS 100
#define LOG_US   ORF_US_PER_S

struct _OrfListener {
  int fd;
  OrfWatch *watch;
  OrfListenerLimits limits;
  OrfListenerAccept accept;
  gpointer user_data;
  guint16 port;
  char *path; /* of a Unix socket */
  dev_t device;
  ino_t inode;            /* of path, to know it again; 0: it is not ours to remove */
  GHashTable *by_address; /* text -> count; NULL: no such bound */
  guint n_connections;
  GSource *pause; /* NULL: it accepts */
  gboolean full;  /* stopped at max_connections */
  gint64 logged_us;
};

/* One line a second: a flood must not become a flood of lines. */
static void
log_seldom (OrfListener *listener, const char *what)
{
  gint64 now_us = orf_clock_monotonic_us ();

  if (listener->logged_us != 0 && now_us - listener->logged_us < LOG_US)
    return;
  listener->logged_us = now_us;
  g_warning ("%s", what);
}

/* ---- caps ------------------------------------------------------------------------------------ */

static guint
get_count (OrfListener *listener, const char *text)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (listener->by_address, text));
}

/* FALSE: this address has as many as it may. */
static gboolean
count_in (OrfListener *listener, GSocketAddress *address)
{
  g_autofree char *text = NULL;
  guint count;

  if (listener->by_address != NULL) {
    text = orf_http_address_to_text (address);
    count = get_count (listener, text);
    if (count >= listener->limits.max_connections_per_address)
      return FALSE;
    g_hash_table_replace (listener->by_address, g_steal_pointer (&text),
                          GUINT_TO_POINTER (count + 1));
  }
  listener->n_connections++;
  return TRUE;
}

static void
count_out (OrfListener *listener, GSocketAddress *address)
{
  g_autofree char *text = NULL;
  guint count;

  listener->n_connections--;
  if (listener->by_address == NULL)
    return;
  text = orf_http_address_to_text (address);
  count = get_count (listener, text);
  if (count > 1)
    g_hash_table_replace (listener->by_address, g_steal_pointer (&text),
                          GUINT_TO_POINTER (count - 1));
  else
    g_hash_table_remove (listener->by_address, text);
}

/* ---- accepting ------------------------------------------------------------------------------- */

static void watch_cb (gpointer user_data, OrfPollEvents events);

static gboolean
pause_over_cb (gpointer user_data)
{
  OrfListener *listener = user_data;

  g_clear_pointer (&listener->pause, orf_timer_stop);
  watch_cb (listener, ORF_POLL_IN);
  return G_SOURCE_REMOVE;
}

static void
take (OrfListener *listener, int fd, const struct sockaddr_storage *native, socklen_t length)
{
  /* one object for each connection: its owner may hang what it likes on it */
  g_autoptr (GSocketAddress) address = g_socket_address_new_from_native ((gpointer) native, length);

  if (address == NULL || !count_in (listener, address)) {
    close (fd);
    log_seldom (listener, "a connection was refused: [listen] max_connections_per_address");
    return;
  }
  listener->accept (listener->user_data, fd, address);
}

/* FALSE: no more for now. */
static gboolean
accept_one (OrfListener *listener)
{
  struct sockaddr_storage native = { 0 };
  socklen_t length = sizeof native;
  int fd = accept4 (listener->fd, (struct sockaddr *) &native, &length,
                    SOCK_NONBLOCK | SOCK_CLOEXEC);

  if (fd >= 0) {
    if (length <= sizeof (sa_family_t)) /* a Unix peer without a name */
      native.ss_family = listener->path != NULL ? AF_UNIX : native.ss_family;
    take (listener, fd, &native, MAX (length, sizeof (sa_family_t)));
    return TRUE;
  }
  switch (errno) {
  case EAGAIN:
    return FALSE;
  case EMFILE:
  case ENFILE:
  case ENOMEM:
  case ENOBUFS:
    log_seldom (listener, "connections wait: the process has no descriptor left");
    listener->pause = orf_timer_start (PAUSE_MS, pause_over_cb, listener);
    return FALSE;
  default:
    return TRUE; /* that one is gone before we had it */
  }
}

static void
watch_cb (gpointer user_data, OrfPollEvents events)
{
  OrfListener *listener = user_data;

  if (listener->pause != NULL)
    return;
  for (guint i = 0; i < MAX_ACCEPTS; i++) {
    listener->full = listener->n_connections >= listener->limits.max_connections;
    if (listener->full) {
      log_seldom (listener, "connections wait: max_connections is reached");
      return;
    }
    if (!accept_one (listener))
      return;
  }
  listener->pause = orf_timer_start (ACCEPT_PAUSE_MS, pause_over_cb, listener);
}

void
orf_listener_release (OrfListener *listener, GSocketAddress *address)
{
  count_out (listener, address);
  if (!listener->full)
    return;
  listener->full = FALSE;
  orf_watch_again (listener->watch, ORF_POLL_IN);
}

/* ---- life ------------------------------------------------------------------------------------ */

/* Takes fd. */
static OrfListener *
listener_new (OrfPoller *poller,
              int fd,
              const OrfListenerLimits *limits,
              OrfListenerAccept accept,
              gpointer user_data,
              GError **error)
{
  OrfListener *listener = g_new0 (OrfListener, 1);

  listener->fd = fd;
  listener->limits = *limits;
  listener->accept = accept;
  listener->user_data = user_data;
  if (limits->max_connections_per_address > 0)
    listener->by_address = orf_names_table_new (g_free, NULL);
  listener->watch = orf_poller_add (poller, fd, watch_cb, listener, error);
  if (listener->watch != NULL)
    return listener;
  orf_listener_free (listener);
  return NULL;
}

OrfListener *
orf_listener_new_tcp (OrfPoller *poller,
                      const char *listen,
                      const OrfListenerLimits *limits,
                      OrfListenerAccept accept,
                      gpointer user_data,
                      GError **error)
{
  guint16 port;
  int fd = orf_bind_tcp (listen, limits->backlog, &port, error);
  OrfListener *listener = fd >= 0 ? listener_new (poller, fd, limits, accept, user_data, error)
                                  : NULL;

  if (listener != NULL)
    listener->port = port;
  return listener;
}

OrfListener *
orf_listener_new_unix (OrfPoller *poller,
                       const char *path,
                       const OrfListenerLimits *limits,
                       OrfListenerAccept accept,
                       gpointer user_data,
                       GError **error)
{
  gboolean inherited;
  int fd = orf_bind_unix (path, limits->backlog, &inherited, error);
  OrfListener *listener = fd >= 0 ? listener_new (poller, fd, limits, accept, user_data, error)
                                  : NULL;
  struct stat state;

  if (listener == NULL)
    return NULL;
  listener->path = g_strdup (path);
  if (!inherited && lstat (path, &state) == 0) {
    listener->device = state.st_dev;
    listener->inode = state.st_ino;
  }
  return listener;
}

/* Unless another has put his own there. */
static void
remove_path (OrfListener *listener)
{
  struct stat state;

  if (listener->path != NULL && lstat (listener->path, &state) == 0 &&
      state.st_dev == listener->device && state.st_ino == listener->inode)
    unlink (listener->path);
}

void
orf_listener_free (OrfListener *listener)
{
  g_clear_pointer (&listener->pause, orf_timer_stop);
  g_clear_pointer (&listener->watch, orf_watch_free);
  remove_path (listener);
  close (listener->fd);
  g_clear_pointer (&listener->by_address, g_hash_table_unref);
  g_free (listener->path);
  g_free (listener);
}

guint16
orf_listener_get_port (OrfListener *listener)
{
  return listener->port;
}

guint
orf_listener_get_n_connections (OrfListener *listener)
{
  return listener->n_connections;
}

gboolean
orf_listener_is_loopback (OrfListener *listener)
{
  struct sockaddr_storage native = { 0 };
  socklen_t length = sizeof native;
  g_autoptr (GSocketAddress) address = NULL;

  if (getsockname (listener->fd, (struct sockaddr *) &native, &length) == 0)
    address = g_socket_address_new_from_native (&native, length);
  return address != NULL && orf_http_address_is_loopback (address);
}
