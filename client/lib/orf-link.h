/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A connection to the daemon's Unix socket: lines out and in, never blocking.  The worker's thread
 * owns it. */

typedef struct {
  char *bytes;
  size_t length;
  size_t capacity;
} OrfBuffer;

typedef struct {
  int fd; /* -1: not connected */
  OrfBuffer out;
  OrfBuffer in;
  size_t n_taken; /* bytes of in that were read as lines */
} OrfLink;

/* Where the daemon of this user has its socket by default, into path; false with a reason where the
 * folder is not ours, or the name is too long. */
bool orf_link_find_default (char *path, size_t size, char *reason, size_t reason_size);

void orf_link_init (OrfLink *link);
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
