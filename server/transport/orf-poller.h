/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * All sockets of a GMainContext behind one file descriptor: an edge-triggered epoll set that GLib
 * sees as a single source.  GLib polls every descriptor of its own on every turn, which at 1000
 * connections costs more than the calls they make; here an idle connection costs nothing.
 *
 * Everything happens in the context's thread.
 */
typedef struct _OrfPoller OrfPoller;
typedef struct _OrfWatch OrfWatch;

typedef enum {
  ORF_POLL_IN = 1 << 0,  /* may be read: data, end of file, or an error to be met by reading */
  ORF_POLL_OUT = 1 << 1, /* may be written */
  ORF_POLL_HUP = 1 << 2, /* both directions are gone */
  ORF_POLL_END = 1 << 3, /* the other end sends no more: a read that comes out short is not the
                            last, as the end of file makes no edge of its own */
} OrfPollEvents;

/* Edges, not levels: what is told once is not told again until read() or write() has said EAGAIN.
 * It may free its own watch, and others. */
typedef void (*OrfWatchFunc) (gpointer user_data, OrfPollEvents events);

/* context NULL: the default one.  UNAVAILABLE when the kernel refuses. */
OrfPoller *orf_poller_new (GMainContext *context, GError **error);
/* What its watches begin goes on in other sources of the context, and takes some of its turns:
 * after a turn of many, a few of them go by without one of the poller's, in which that is done.
 * Else an answer waits in each for all who came meanwhile. */
void orf_poller_rest (OrfPoller *poller);
/* All its watches must be gone. */
void orf_poller_free (OrfPoller *poller);

/* fd stays the caller's, must be non-blocking, and must not be closed before orf_watch_free().  A
 * descriptor that epoll does not take (a plain file) is reported ready each time it is asked again.
 */
OrfWatch *
orf_poller_add (OrfPoller *poller, int fd, OrfWatchFunc func, gpointer user_data, GError **error);
void orf_watch_free (OrfWatch *watch);
/* Calls the function again in the next turn, after the others had theirs: for who stopped before
 * EAGAIN so as not to keep them waiting. */
void orf_watch_again (OrfWatch *watch, OrfPollEvents events);
/* The same in a later turn, each of which calls a few of those only: for who has had an answer, and
 * wants more at once. */
void orf_watch_yield (OrfWatch *watch, OrfPollEvents events);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfPoller, orf_poller_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfWatch, orf_watch_free)

G_END_DECLS
