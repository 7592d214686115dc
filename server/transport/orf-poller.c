/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants:
 * - A watch is in the epoll set, or plain (epoll does not take it), until it is freed.
 * - Events told by the kernel, and asked for by orf_watch_again() and _yield(), meet in
 * watch->pending; a watch with pending events is in exactly one list: `ready` (this turn's),
 * `later` (the next turn's) or `yielding` (a later turn's).
 * - A turn first moves what it calls into `ready`, and then looks only at what is in there: so a
 * watch can be freed at any time, by taking it out of its list.
 * - `ready` is empty between turns.
 */
#include "transport/orf-poller.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/orf-clock.h"
#include "core/orf-turn.h"
#include "orf-error.h"

/* Events taken from the kernel a turn: few enough that the main loop's other sources get their turn
 * within a millisecond or so, and enough that requests are seen, and refused if need be, while they
 * are young: with 32, of five times what can be answered 4 % were answered in time, not 84. */
#define MAX_EVENTS 128
/* Called a turn of those who yield: others are to wait for a few of them at most, as what they
 * begin takes the loop some 100 us each. */
#define MAX_YIELDED 4
/* Of who rests: after a turn of so many calls, as many turns of the loop without one, but no longer
 * than so, and none where the kernel has more than a turn takes: who comes is to be seen while he
 * is young. */
#define MANY_CALLS 4
#define RESTS      4
#define REST_US    1000

typedef struct {
  OrfWatch *head, *tail;
} WatchList;

struct _OrfWatch {
  OrfPoller *poller;
  int fd;
  OrfWatchFunc func;
  gpointer user_data;
  OrfPollEvents pending;
  OrfWatch *next;  /* in its list */
  gboolean queued; /* in one */
  gboolean plain;  /* not in the epoll set */
};

struct _OrfPoller {
  GSource *source;
  GPollFD epoll; /* not by g_source_add_unix_fd(), with which GLib itself says that it is ready */
  WatchList ready, later, yielding;
  gboolean resting;
  guint n_calls; /* of this turn */
  guint n_rests; /* turns of the loop that are still to go by without one of ours */
  gint64 ended_us;
};

typedef struct {
  GSource base;
  OrfPoller *poller;
} PollerSource;

static void
list_push (WatchList *list, OrfWatch *watch)
{
  watch->next = NULL;
  if (list->tail != NULL)
    list->tail->next = watch;
  else
    list->head = watch;
  list->tail = watch;
  watch->queued = TRUE;
}

static OrfWatch *
list_pop (WatchList *list)
{
  OrfWatch *watch = list->head;

  if (watch == NULL)
    return NULL;
  list->head = watch->next;
  if (list->head == NULL)
    list->tail = NULL;
  watch->next = NULL;
  watch->queued = FALSE;
  return watch;
}

static void
list_remove (WatchList *list, OrfWatch *watch)
{
  OrfWatch *before = NULL;

  for (OrfWatch *at = list->head; at != NULL; before = at, at = at->next) {
    if (at != watch)
      continue;
    *(before != NULL ? &before->next : &list->head) = at->next;
    if (list->tail == at)
      list->tail = before;
    watch->queued = FALSE;
    return;
  }
}

static OrfPollEvents
from_epoll (guint32 events)
{
  OrfPollEvents told = 0;

  if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
    told |= ORF_POLL_IN;
  if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
    told |= ORF_POLL_OUT;
  if (events & (EPOLLHUP | EPOLLERR))
    told |= ORF_POLL_HUP;
  if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
    told |= ORF_POLL_END;
  return told;
}

/* Where it waits already it stays. */
static void
ask (OrfWatch *watch, OrfPollEvents events, WatchList *list)
{
  watch->pending |= events;
  if (!watch->queued)
    list_push (list, watch);
}

/* → whether the kernel may have more. */
static gboolean
take_kernel_events (OrfPoller *poller)
{
  struct epoll_event events[MAX_EVENTS];
  int n = epoll_wait (poller->epoll.fd, events, MAX_EVENTS, 0);

  for (int i = 0; i < n; i++) {
    OrfWatch *watch = events[i].data.ptr;

    ask (watch, from_epoll (events[i].events), &poller->ready);
  }
  return n == MAX_EVENTS;
}

static void
call_ready (OrfPoller *poller)
{
  OrfWatch *watch;

  while ((watch = list_pop (&poller->ready)) != NULL) {
    OrfPollEvents events = watch->pending;

    poller->n_calls++;
    watch->pending = 0;
    watch->func (watch->user_data, events);
  }
}

static gboolean
dispatch_cb (GSource *base, GSourceFunc callback, gpointer user_data)
{
  OrfPoller *poller = ((PollerSource *) base)->poller;
  gboolean has_more;
  OrfTurn turn;

  orf_turn_begin (&turn, "connections", "");
  poller->n_calls = 0;
  poller->ready = poller->later;
  poller->later = (WatchList){ NULL, NULL };
  has_more = take_kernel_events (poller);
  for (guint i = 0; i < MAX_YIELDED && poller->yielding.head != NULL; i++)
    list_push (&poller->ready, list_pop (&poller->yielding));
  call_ready (poller);
  if (poller->resting && poller->n_calls >= MANY_CALLS && !has_more) {
    poller->n_rests = RESTS;
    poller->ended_us = orf_clock_monotonic_us ();
  }
  orf_turn_end (&turn);
  return G_SOURCE_CONTINUE;
}

static gboolean
has_asked (const OrfPoller *poller)
{
  return poller->later.head != NULL || poller->yielding.head != NULL;
}

static gboolean
prepare_cb (GSource *base, int *timeout)
{
  const OrfPoller *poller = ((PollerSource *) base)->poller;

  *timeout = poller->n_rests > 0 ? 0 : -1;
  return poller->n_rests == 0 && has_asked (poller);
}

static gboolean
check_cb (GSource *base)
{
  OrfPoller *poller = ((PollerSource *) base)->poller;

  if (poller->n_rests > 0 && orf_clock_monotonic_us () - poller->ended_us < REST_US) {
    poller->n_rests--;
    return FALSE;
  }
  poller->n_rests = 0;
  return has_asked (poller) || (poller->epoll.revents & G_IO_IN) != 0;
}

static GSourceFuncs source_funcs = {
  .prepare = prepare_cb,
  .check = check_cb,
  .dispatch = dispatch_cb,
};

OrfPoller *
orf_poller_new (GMainContext *context, GError **error)
{
  int epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  OrfPoller *poller;

  if (epoll_fd < 0) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "cannot make an epoll set: %s",
                 g_strerror (errno));
    return NULL;
  }
  poller = g_new0 (OrfPoller, 1);
  poller->epoll = (GPollFD){ .fd = epoll_fd, .events = G_IO_IN };
  poller->source = g_source_new (&source_funcs, sizeof (PollerSource));
  ((PollerSource *) poller->source)->poller = poller;
  g_source_add_poll (poller->source, &poller->epoll);
  g_source_set_static_name (poller->source, "orf-poller");
  g_source_attach (poller->source, context);
  return poller;
}

void
orf_poller_free (OrfPoller *poller)
{
  g_source_destroy (poller->source);
  g_source_unref (poller->source);
  close (poller->epoll.fd);
  g_free (poller);
}

OrfWatch *
orf_poller_add (OrfPoller *poller, int fd, OrfWatchFunc func, gpointer user_data, GError **error)
{
  OrfWatch *watch = g_new0 (OrfWatch, 1);
  struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                               .data.ptr = watch };

  watch->poller = poller;
  watch->fd = fd;
  watch->func = func;
  watch->user_data = user_data;
  if (epoll_ctl (poller->epoll.fd, EPOLL_CTL_ADD, fd, &event) == 0)
    return watch;
  if (errno == EPERM) {
    watch->plain = TRUE;
    orf_watch_again (watch, ORF_POLL_IN | ORF_POLL_OUT);
    return watch;
  }
  g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "cannot watch descriptor %d: %s", fd,
               g_strerror (errno));
  g_free (watch);
  return NULL;
}

void
orf_watch_free (OrfWatch *watch)
{
  OrfPoller *poller = watch->poller;

  if (!watch->plain)
    epoll_ctl (poller->epoll.fd, EPOLL_CTL_DEL, watch->fd, NULL); /* cannot fail: it is in there */
  if (watch->queued) {
    list_remove (&poller->ready, watch);
    list_remove (&poller->later, watch);
    list_remove (&poller->yielding, watch);
  }
  g_free (watch);
}

void
orf_poller_rest (OrfPoller *poller)
{
  poller->resting = TRUE;
}

void
orf_watch_again (OrfWatch *watch, OrfPollEvents events)
{
  ask (watch, events, &watch->poller->later);
}

void
orf_watch_yield (OrfWatch *watch, OrfPollEvents events)
{
  ask (watch, events, &watch->poller->yielding);
}
