/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants:
 * - The main context has `jobs`, `limits` and the thread's id; all else is the thread's once it
 *   runs.  A job is the only way in; nothing comes back but the bytes in the socket pairs.
 * - A descriptor belongs to the main context until its job is pushed, to the thread from then on.
 */
#include "transport/orf-tls-relay.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/orf-clock.h"
#include "core/orf-queue.h"
#include "core/orf-thread.h"
#include "orf-error.h"

#define TICK_MS 100
/* Of what the server has given while it ends. */
#define LAST_US (2 * ORF_US_PER_S)
/* Each way between the two ends: a megabyte for a client would be the kernel's default. */
#define PAIR_BYTES 65536

enum {
  LANE_CONTROL, /* few, and never refused */
  LANE_CONNECTIONS,
  N_LANES
};

struct _OrfTlsRelay {
  OrfQueue *jobs;
  pthread_t thread;
  gboolean started;
  OrfTlsRelayLimits limits;

  /* the thread's */
  GMainContext *context;
  GMainLoop *loop;
  OrfTlsLinkHost host;
  OrfTlsCredentials *credentials;
  GQueue links;
  GSource *tick; /* while there are links */
  gint64 end_us; /* monotonic; 0: it goes on */
};

/* `base` first: a job of the queue. */
typedef struct {
  OrfJob base;
  OrfTlsRelay *relay;
  int outer_fd, inner_fd;
  OrfTlsCredentials *credentials;
} RelayJob;

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

static void
job_free_cb (OrfJob *base)
{
  RelayJob *job = (RelayJob *) base;

  close_fd (&job->outer_fd);
  close_fd (&job->inner_fd);
  orf_tls_credentials_unref (job->credentials);
  g_free (job);
}

static RelayJob *
job_new (OrfTlsRelay *relay, void (*done) (OrfJob *job))
{
  RelayJob *job = g_new0 (RelayJob, 1);

  job->base.done = done;
  job->base.free = job_free_cb;
  job->relay = relay;
  job->outer_fd = job->inner_fd = -1;
  return job;
}

/* ---- in the thread --------------------------------------------------------------------------- */

static void
end_when_sent (OrfTlsRelay *relay)
{
  if (relay->end_us == 0)
    return;
  if (orf_clock_monotonic_us () < relay->end_us)
    for (GList *link = relay->links.head; link != NULL; link = link->next)
      if (!orf_tls_link_is_sent (link->data))
        return;
  g_main_loop_quit (relay->loop);
}

static gboolean
tick_cb (gpointer user_data)
{
  OrfTlsRelay *relay = user_data;
  gint64 now_us = orf_clock_monotonic_us ();
  GList *next;

  for (GList *link = relay->links.head; link != NULL; link = next) {
    next = link->next;
    orf_tls_link_expire (link->data, now_us);
  }
  end_when_sent (relay);
  return G_SOURCE_CONTINUE;
}

static void
start_tick (OrfTlsRelay *relay)
{
  if (relay->tick != NULL)
    return;
  relay->tick = g_timeout_source_new (TICK_MS);
  g_source_set_callback (relay->tick, tick_cb, relay, NULL);
  g_source_attach (relay->tick, relay->context);
}

static void
stop_tick (OrfTlsRelay *relay)
{
  if (relay->tick == NULL)
    return;
  g_source_destroy (relay->tick);
  g_clear_pointer (&relay->tick, g_source_unref);
}

static void
link_closed_cb (gpointer user_data, GList *link)
{
  OrfTlsRelay *relay = user_data;

  g_queue_unlink (&relay->links, link);
  if (relay->links.length == 0)
    stop_tick (relay);
  end_when_sent (relay);
}

static void
add_cb (OrfJob *base)
{
  RelayJob *job = (RelayJob *) base;
  OrfTlsRelay *relay = job->relay;
  OrfTlsLink *link;

  if (relay->links.length >= relay->limits.max_links)
    return; /* closed with the job */
  link = orf_tls_link_new (&relay->host, relay->credentials, job->outer_fd, job->inner_fd);
  job->outer_fd = job->inner_fd = -1;
  if (link == NULL)
    return;
  g_queue_push_tail_link (&relay->links, orf_tls_link_get_list_link (link));
  start_tick (relay);
  orf_tls_link_start (link);
}

static void
set_credentials_cb (OrfJob *base)
{
  RelayJob *job = (RelayJob *) base;

  orf_tls_credentials_unref (job->relay->credentials);
  job->relay->credentials = g_steal_pointer (&job->credentials);
}

static void
end_cb (OrfJob *base)
{
  OrfTlsRelay *relay = ((RelayJob *) base)->relay;

  relay->end_us = orf_clock_monotonic_us () + LAST_US;
  end_when_sent (relay);
}

static void *
relay_thread_cb (void *data)
{
  OrfTlsRelay *relay = data;

  g_main_context_push_thread_default (relay->context);
  g_main_loop_run (relay->loop);
  while (relay->links.head != NULL)
    orf_tls_link_free (relay->links.head->data);
  g_main_context_pop_thread_default (relay->context);
  return NULL;
}

/* ---- in the main context --------------------------------------------------------------------- */

static gboolean
start_thread (OrfTlsRelay *relay, GError **error)
{
  relay->started = orf_thread_start (&relay->thread, "tls-relay", relay_thread_cb, relay, error);
  return relay->started;
}

OrfTlsRelay *
orf_tls_relay_new (OrfTlsCredentials *credentials, const OrfTlsRelayLimits *limits, GError **error)
{
  g_autoptr (OrfTlsRelay) relay = g_new0 (OrfTlsRelay, 1);

  relay->limits = *limits;
  relay->credentials = credentials;
  relay->jobs = orf_queue_new (N_LANES, MAX (limits->max_links, 16));
  relay->context = g_main_context_new ();
  relay->loop = g_main_loop_new (relay->context, FALSE);
  relay->host = (OrfTlsLinkHost){
    .limits = limits->link,
    .closed = link_closed_cb,
    .user_data = relay,
  };
  relay->host.poller = orf_poller_new (relay->context, error);
  if (relay->host.poller == NULL)
    return NULL;
  orf_queue_attach (relay->jobs, relay->context);
  if (!start_thread (relay, error))
    return NULL;
  return g_steal_pointer (&relay);
}

void
orf_tls_relay_free (OrfTlsRelay *relay)
{
  if (relay == NULL)
    return;
  if (relay->started) {
    orf_queue_push (relay->jobs, LANE_CONTROL, &job_new (relay, end_cb)->base);
    pthread_join (relay->thread, NULL);
  }
  g_clear_pointer (&relay->jobs, orf_queue_unref); /* with the jobs that came too late */
  stop_tick (relay);
  g_clear_pointer (&relay->host.poller, orf_poller_free);
  g_main_loop_unref (relay->loop);
  g_main_context_unref (relay->context);
  orf_tls_credentials_unref (relay->credentials);
  g_free (relay);
}

static gboolean
make_pair (int fds[2], GError **error)
{
  const int bytes = PAIR_BYTES;

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "no socket pair for TLS: %s",
                 g_strerror (errno));
    return FALSE;
  }
  for (guint i = 0; i < 2; i++)
    setsockopt (fds[i], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  return TRUE;
}

int
orf_tls_relay_add (OrfTlsRelay *relay, int fd, GError **error)
{
  RelayJob *job = job_new (relay, add_cb);
  int fds[2];

  job->outer_fd = fd;
  if (!make_pair (fds, error)) {
    job_free_cb (&job->base);
    return -1;
  }
  job->inner_fd = fds[1];
  if (orf_queue_push (relay->jobs, LANE_CONNECTIONS, &job->base))
    return fds[0];
  job_free_cb (&job->base);
  close (fds[0]);
  g_set_error_literal (error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED,
                       "more connections wait for TLS than may be open");
  return -1;
}

void
orf_tls_relay_set_credentials (OrfTlsRelay *relay, OrfTlsCredentials *credentials)
{
  RelayJob *job = job_new (relay, set_credentials_cb);

  job->credentials = credentials;
  if (!orf_queue_push (relay->jobs, LANE_CONTROL, &job->base))
    job_free_cb (&job->base);
}
