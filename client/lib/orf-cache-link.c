/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants:
 * - `lock` protects who waits for an answer, what is not sent yet and the reason.  The connection
 * is opened and closed under it, by the thread, which reads without it.
 * - What only the thread touches is in Run.
 * - `floor` is UINT64_MAX from before `lost` is told until the next stream's first value: what was
 * asked before that is not held.
 * - `fresh_until_us` is counted from when the cache.sync was sent whose version has been told.
 */
#include "orf-cache-link.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "orf-cache-wire.h"
#include "orf-last-error.h"
#include "orf-link.h"
#include "orf-thread.h"

/* The largest value that a daemon takes, in base64 or with every letter escaped, and what is around
 * it. */
#define MAX_LINE_BYTES (100 * 1024 * 1024)
/* The lease lasts two seconds: three of four may be late. */
#define SYNC_US 500000
/* A daemon that does not answer that one, or does not tell what it counted, is not there for us. */
#define SYNC_PATIENCE_US 5000000
/* Until the next try where there are too many streams. */
#define WATCH_PAUSE_US 5000000
/* Between tries of a connection; a restart takes some tenths of a second. */
#define FIRST_PAUSE_US 50000
#define MAX_PAUSE_US   1000000

typedef struct Ask Ask;
struct Ask {
  Ask *next, **place;
  int64_t id;
  pthread_cond_t answered;
  bool is_over;
  json_t *answer; /* which the thread knows no more; NULL: the connection was lost */
};

struct OrfCacheLink {
  char *socket; /* NULL: the default */
  char *prefix;
  const OrfCacheLinkOps *ops;
  void *user_data;
  pthread_t thread;
  int wake_fd; /* eventfd: there is more to be sent, or the end */
  atomic_int_fast64_t last_id;
  atomic_int_fast64_t fresh_until_us;
  atomic_uint_fast64_t floor;

  pthread_mutex_t lock;
  OrfLink wire;
  Ask *asks;
  pthread_cond_t is_fresh;
  bool closing;
  uint64_t n_connections;
  char reason[256];
};

typedef struct {
  OrfCacheLink *link;
  int64_t next_try_us, pause_us;
  int64_t watch_id;      /* that is asked; 0: none */
  int64_t next_watch_us; /* when it is asked next, or given up */
  char stream[32];       /* "": none */
  uint64_t told;         /* the version that the stream is at */
  int64_t sync_id;       /* that is asked, or not confirmed yet; 0: none */
  int64_t sync_us;       /* when it was sent */
  bool sync_answered;    /* and what with */
  uint64_t sync_version;
  int64_t sync_lease_us;
} Run;

/* ---- who asks -------------------------------------------------------------------------------- */

static void
wake (OrfCacheLink *link)
{
  const uint64_t one = 1;

  while (write (link->wake_fd, &one, sizeof one) < 0 && errno == EINTR) {
  }
}

static struct timespec
get_end (int64_t timeout_us)
{
  int64_t end_us = orf_thread_now_us () + timeout_us;

  return (struct timespec){ .tv_sec = end_us / 1000000, .tv_nsec = end_us % 1000000 * 1000 };
}

static void
note (OrfCacheLink *link, const char *reason)
{
  pthread_mutex_lock (&link->lock);
  snprintf (link->reason, sizeof link->reason, "%s", reason);
  pthread_mutex_unlock (&link->lock);
}

int64_t
orf_cache_link_next_id (OrfCacheLink *link)
{
  return atomic_fetch_add (&link->last_id, 1) + 1;
}

/* With the lock. */
static bool
send_line (OrfCacheLink *link, const char *line)
{
  if (link->wire.fd < 0 || !orf_link_put (&link->wire, line))
    return false;
  /* that it broke the thread sees too, and ends what waits */
  if (!orf_link_flush (&link->wire) || link->wire.out.length > 0)
    wake (link);
  return true;
}

static void
add_ask (OrfCacheLink *link, Ask *ask)
{
  ask->next = link->asks;
  ask->place = &link->asks;
  if (ask->next != NULL)
    ask->next->place = &ask->next;
  link->asks = ask;
}

static void
remove_ask (Ask *ask)
{
  *ask->place = ask->next;
  if (ask->next != NULL)
    ask->next->place = ask->place;
}

/* With the lock, which is given up while it waits.  false: nobody was there to be asked. */
static bool
send_and_wait (OrfCacheLink *link, Ask *ask, const char *line, const struct timespec *end)
{
  int code = 0;

  if (!send_line (link, line))
    return false;
  add_ask (link, ask);
  while (!ask->is_over && code == 0)
    code = pthread_cond_timedwait (&ask->answered, &link->lock, end);
  remove_ask (ask);
  return true;
}

OrfStatus
orf_cache_link_ask (OrfCacheLink *link, int64_t id, char *line, int64_t timeout_us, json_t **answer)
{
  struct timespec end = get_end (timeout_us);
  Ask ask = { .id = id };
  OrfStatus status;
  bool was_sent;

  *answer = NULL;
  if (line == NULL)
    return orf_last_error_note (ORF_STATUS_NO_MEMORY, "no memory for the call");
  orf_thread_init_cond (&ask.answered);
  pthread_mutex_lock (&link->lock);
  was_sent = send_and_wait (link, &ask, line, &end);
  pthread_mutex_unlock (&link->lock);
  pthread_cond_destroy (&ask.answered);
  free (line);
  if (!was_sent)
    return orf_last_error_note (ORF_STATUS_FAILED, "no connection to the daemon");
  if (!ask.is_over)
    return orf_last_error_note (ORF_STATUS_TIMEOUT, "the deadline passed with no answer");
  if (ask.answer == NULL)
    return orf_last_error_note (ORF_STATUS_FAILED, "the connection was lost before the answer");
  if (json_object_get (ask.answer, "result") == NULL) {
    status = orf_last_error_note_answer (json_object_get (ask.answer, "error"));
    json_decref (ask.answer);
    return status;
  }
  *answer = ask.answer;
  return ORF_STATUS_OK;
}

bool
orf_cache_link_is_fresh (const OrfCacheLink *link, int64_t now_us)
{
  return now_us < atomic_load_explicit (&link->fresh_until_us, memory_order_acquire);
}

uint64_t
orf_cache_link_get_floor (const OrfCacheLink *link)
{
  return atomic_load (&link->floor);
}

OrfStatus
orf_cache_link_wait_fresh (OrfCacheLink *link, int64_t timeout_us)
{
  struct timespec end = get_end (timeout_us);
  bool is_fresh;
  int code = 0;

  pthread_mutex_lock (&link->lock);
  while (!(is_fresh = orf_cache_link_is_fresh (link, orf_thread_now_us ())) && code == 0) {
    if (timeout_us < 0)
      pthread_cond_wait (&link->is_fresh, &link->lock);
    else
      code = pthread_cond_timedwait (&link->is_fresh, &link->lock, &end);
  }
  pthread_mutex_unlock (&link->lock);
  return is_fresh ? ORF_STATUS_OK : ORF_STATUS_TIMEOUT;
}

uint64_t
orf_cache_link_get_n_connections (OrfCacheLink *link)
{
  uint64_t n;

  pthread_mutex_lock (&link->lock);
  n = link->n_connections;
  pthread_mutex_unlock (&link->lock);
  return n;
}

void
orf_cache_link_get_reason (OrfCacheLink *link, char *reason, size_t size)
{
  pthread_mutex_lock (&link->lock);
  snprintf (reason, size, "%s", link->reason);
  pthread_mutex_unlock (&link->lock);
}

/* ---- what is heard --------------------------------------------------------------------------- */

/* What is held may not be served from here on. */
static void
lose_stream (Run *run)
{
  OrfCacheLink *link = run->link;

  run->stream[0] = '\0';
  run->watch_id = run->sync_id = 0;
  run->sync_us = 0;
  run->told = 0;
  if (orf_cache_link_get_floor (link) == UINT64_MAX)
    return;
  atomic_store (&link->fresh_until_us, 0);
  atomic_store (&link->floor, UINT64_MAX);
  link->ops->lost (link->user_data);
}

static void
lose (Run *run, const char *reason)
{
  OrfCacheLink *link = run->link;

  note (link, reason);
  pthread_mutex_lock (&link->lock);
  orf_link_close (&link->wire);
  for (Ask *ask = link->asks; ask != NULL; ask = ask->next) {
    ask->is_over = true;
    pthread_cond_signal (&ask->answered);
  }
  pthread_mutex_unlock (&link->lock);
  lose_stream (run);
  run->next_try_us = orf_thread_now_us () + run->pause_us;
  run->pause_us = 2 * run->pause_us < MAX_PAUSE_US ? 2 * run->pause_us : MAX_PAUSE_US;
}

/* The sync's version is told: what is held is as new as when it was asked. */
static void
confirm (Run *run)
{
  OrfCacheLink *link = run->link;

  if (run->sync_id == 0 || !run->sync_answered || run->told < run->sync_version)
    return;
  run->sync_id = 0;
  run->pause_us = FIRST_PAUSE_US;
  pthread_mutex_lock (&link->lock);
  atomic_store_explicit (&link->fresh_until_us, run->sync_us + run->sync_lease_us,
                         memory_order_release);
  pthread_cond_broadcast (&link->is_fresh);
  pthread_mutex_unlock (&link->lock);
}

static void
hear_value (Run *run, const OrfCacheMessage *message)
{
  OrfCacheLink *link = run->link;
  uint64_t version = (uint64_t) orf_cache_wire_get_number (message->value, "version");

  if (orf_cache_link_get_floor (link) == UINT64_MAX)
    atomic_store (&link->floor, version);
  else
    link->ops->changed (link->user_data, message->value, message->has_dropped);
  run->told = version;
  confirm (run);
}

static void
hear_stream (Run *run, const OrfCacheMessage *message)
{
  if (strcmp (message->stream, run->stream) != 0)
    return;
  if (message->value != NULL) {
    hear_value (run, message);
    return;
  }
  lose_stream (run);
  run->next_watch_us = orf_thread_now_us () + WATCH_PAUSE_US;
}

static const char *
get_reason (const OrfCacheMessage *message)
{
  const char *reason = orf_cache_wire_get_text (message->error, "message");

  return reason != NULL ? reason : "an answer that is none";
}

static void
hear_watch (Run *run, const OrfCacheMessage *message)
{
  const char *stream = orf_cache_wire_get_text (message->result, "stream");

  run->watch_id = 0;
  run->next_watch_us = orf_thread_now_us () + WATCH_PAUSE_US;
  if (stream != NULL)
    snprintf (run->stream, sizeof run->stream, "%s", stream);
  else
    note (run->link, get_reason (message));
}

static void
hear_sync (Run *run, const OrfCacheMessage *message)
{
  run->sync_answered = message->result != NULL;
  run->sync_version = (uint64_t) orf_cache_wire_get_number (message->result, "version");
  run->sync_lease_us = orf_cache_wire_get_number (message->result, "lease_us");
  confirm (run);
}

/* Takes the message's root where somebody waits for it. */
static void
hear_answer (OrfCacheLink *link, OrfCacheMessage *message)
{
  pthread_mutex_lock (&link->lock);
  if (message->error != NULL)
    snprintf (link->reason, sizeof link->reason, "%s", get_reason (message));
  for (Ask *ask = link->asks; ask != NULL; ask = ask->next) {
    if (ask->id != message->id || ask->is_over)
      continue;
    ask->is_over = true;
    ask->answer = message->root;
    message->root = NULL;
    pthread_cond_signal (&ask->answered);
    break;
  }
  pthread_mutex_unlock (&link->lock);
}

static void
hear_line (Run *run, const char *line)
{
  OrfCacheMessage message;

  orf_cache_wire_parse (line, &message);
  if (message.stream != NULL)
    hear_stream (run, &message);
  else if (message.id != 0 && message.id == run->watch_id)
    hear_watch (run, &message);
  else if (message.id != 0 && message.id == run->sync_id)
    hear_sync (run, &message);
  else
    hear_answer (run->link, &message);
  json_decref (message.root);
}

static void
read_lines (Run *run)
{
  OrfLink *wire = &run->link->wire;
  bool stands = orf_link_fill (wire);
  char *line;

  while ((line = orf_link_next_line (wire)) != NULL)
    hear_line (run, line);
  if (!stands)
    lose (run, "the daemon ended the connection");
}

/* ---- what is said ---------------------------------------------------------------------------- */

static void
say (OrfCacheLink *link, char *line)
{
  pthread_mutex_lock (&link->lock);
  if (line != NULL)
    send_line (link, line);
  pthread_mutex_unlock (&link->lock);
  free (line);
}

static bool
open_wire (OrfCacheLink *link, char *reason, size_t size)
{
  char path[256] = "";
  const char *socket = link->socket;
  bool opened = true;

  if (socket == NULL) {
    opened = orf_link_find_default ("cache.sock", path, sizeof path, reason, size);
    socket = path;
  }
  pthread_mutex_lock (&link->lock);
  opened = opened && orf_link_open (&link->wire, socket, reason, size);
  link->n_connections += opened;
  pthread_mutex_unlock (&link->lock);
  return opened;
}

static void
connect_again (Run *run)
{
  char reason[200] = "";

  run->next_watch_us = 0;
  if (!open_wire (run->link, reason, sizeof reason))
    lose (run, reason);
}

static void
ask_for_changes (Run *run)
{
  run->watch_id = orf_cache_link_next_id (run->link);
  run->next_watch_us = orf_thread_now_us () + SYNC_PATIENCE_US;
  say (run->link, orf_cache_wire_make_watch (run->watch_id, run->link->prefix));
}

static void
ask_for_version (Run *run)
{
  run->sync_id = orf_cache_link_next_id (run->link);
  run->sync_answered = false;
  run->sync_us = orf_thread_now_us ();
  say (run->link, orf_cache_wire_make_sync (run->sync_id));
}

/* When the thread has something to do, if nothing is heard before. */
static int64_t
find_next_us (const Run *run)
{
  if (run->link->wire.fd < 0)
    return run->next_try_us;
  if (run->sync_id != 0)
    return run->sync_us + SYNC_PATIENCE_US;
  if (run->stream[0] != '\0')
    return run->sync_us + SYNC_US;
  return run->next_watch_us;
}

static void
do_what_is_due (Run *run)
{
  if (orf_thread_now_us () < find_next_us (run))
    return;
  if (run->link->wire.fd < 0)
    connect_again (run);
  else if (run->sync_id != 0 || run->watch_id != 0)
    lose (run, "no answer in time");
  else if (run->stream[0] != '\0')
    ask_for_version (run);
  else
    ask_for_changes (run);
}

/* False: it is to end. */
static bool
look (OrfCacheLink *link, short *events)
{
  bool goes_on;

  pthread_mutex_lock (&link->lock);
  goes_on = !link->closing;
  *events = link->wire.out.length > 0 ? POLLIN | POLLOUT : POLLIN;
  pthread_mutex_unlock (&link->lock);
  return goes_on;
}

static void
flush (Run *run)
{
  OrfCacheLink *link = run->link;
  bool stands;

  pthread_mutex_lock (&link->lock);
  stands = link->wire.fd < 0 || orf_link_flush (&link->wire);
  pthread_mutex_unlock (&link->lock);
  if (!stands)
    lose (run, "the daemon ended the connection");
}

static void
await (Run *run, short events)
{
  OrfCacheLink *link = run->link;
  struct pollfd fds[] = { { .fd = link->wake_fd, .events = POLLIN },
                          { .fd = link->wire.fd, .events = events } };
  int64_t left_us = find_next_us (run) - orf_thread_now_us ();
  uint64_t count;
  int timeout_ms = left_us <= 0 ? 0 : left_us > 60000000 ? 60000 : (int) (left_us / 1000 + 1);

  if (poll (fds, 2, timeout_ms) <= 0)
    return;
  if (fds[0].revents != 0 && read (link->wake_fd, &count, sizeof count) < 0)
    return; /* nobody else reads it: it was a spurious one */
  if ((fds[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
    read_lines (run);
  flush (run);
}

static void *
run_thread_cb (void *data)
{
  Run run = { .link = data, .pause_us = FIRST_PAUSE_US };
  short events;

  pthread_setname_np (pthread_self (), "orfeas-cache");
  while (look (run.link, &events)) {
    do_what_is_due (&run);
    await (&run, events);
  }
  return NULL;
}

/* ---- life ------------------------------------------------------------------------------------ */

static void
dispose (OrfCacheLink *link)
{
  orf_link_close (&link->wire);
  if (link->wake_fd >= 0)
    close (link->wake_fd);
  pthread_cond_destroy (&link->is_fresh);
  pthread_mutex_destroy (&link->lock);
  free (link->socket);
  free (link->prefix);
  free (link);
}

OrfCacheLink *
orf_cache_link_new (const char *socket,
                    const char *prefix,
                    const OrfCacheLinkOps *ops,
                    void *user_data)
{
  OrfCacheLink *link = calloc (1, sizeof *link);

  if (link == NULL)
    return NULL;
  link->socket = socket != NULL ? strdup (socket) : NULL;
  link->prefix = strdup (prefix);
  link->ops = ops;
  link->user_data = user_data;
  link->wake_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  atomic_init (&link->floor, UINT64_MAX);
  pthread_mutex_init (&link->lock, NULL);
  orf_thread_init_cond (&link->is_fresh);
  orf_link_init (&link->wire, MAX_LINE_BYTES);
  if (link->wake_fd >= 0 && link->prefix != NULL && (socket == NULL || link->socket != NULL)) {
    /* a daemon that is there takes the very first call; one that is not is tried again */
    open_wire (link, link->reason, sizeof link->reason);
    if (orf_thread_start (&link->thread, run_thread_cb, link))
      return link;
  }
  dispose (link);
  return NULL;
}

void
orf_cache_link_free (OrfCacheLink *link)
{
  pthread_mutex_lock (&link->lock);
  link->closing = true;
  pthread_mutex_unlock (&link->lock);
  wake (link);
  pthread_join (link->thread, NULL);
  dispose (link);
}
