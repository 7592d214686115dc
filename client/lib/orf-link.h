/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A connection to a Unix socket of the daemon's: lines out and in, never blocking.  One thread owns
 * it; another may put and flush, where both do so under a lock, and the owner opens and closes
 * under it. */

typedef struct {
  char *bytes;
  size_t length;
  size_t capacity;
} OrfBuffer;

typedef struct {
  int fd; /* -1: not connected */
  OrfBuffer out;
  OrfBuffer in;
  size_t n_taken;   /* bytes of in that were read as lines */
  size_t n_scanned; /* of those behind them that hold no line's end */
  size_t max_line_bytes;
} OrfLink;

/* Where the daemon of this user has the socket of that name by default, into path; false with a
 * reason where the folder is not ours, or the path is too long. */
bool
orf_link_find_default (const char *name, char *path, size_t size, char *reason, size_t reason_size);

/* A line that is longer ends the connection. */
void orf_link_init (OrfLink *link, size_t max_line_bytes);
bool orf_link_open (OrfLink *link, const char *path, char *reason, size_t reason_size);
void orf_link_close (OrfLink *link);

/* Queues a line, without its end; false for want of memory. */
bool orf_link_put (OrfLink *link, const char *text);
/* Sends what can be sent; false: the connection is lost. */
bool orf_link_flush (OrfLink *link);
/* Reads some of what is there; false: the connection is lost, what was read stays. */
bool orf_link_fill (OrfLink *link);
/* The next whole line, ended by NUL and valid until the next fill; NULL: none yet. */
char *orf_link_next_line (OrfLink *link);
