/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* POSTs to one place by HTTP/1.1, on a connection that is kept.  Of one thread. */

typedef struct {
  char *host; /* as getaddrinfo() takes it */
  char *port;
  char *head; /* of each request, up to the length of its body */
} OrfHttpTarget;

/* endpoint: "http://HOST[:PORT]"; path: what is asked there; type: of the body.  false: it is no
 * endpoint, or no memory. */
bool orf_http_target_init (OrfHttpTarget *target,
                           const char *endpoint,
                           const char *path,
                           const char *type,
                           const char *token);
void orf_http_target_clear (OrfHttpTarget *target);

typedef struct {
  const OrfHttpTarget *target;
  /* Waits until fd is ready for events; false: it is not, and will not be in time. */
  bool (*wait) (void *user_data, int fd, short events);
  void *user_data;
  int fd; /* -1: none */
} OrfHttpPost;

typedef struct {
  int status;             /* 0: there was no answer */
  int64_t retry_after_us; /* -1: it did not say */
  char reason[200];
} OrfHttpAnswer;

/* parts: of the body, one behind the other.  A connection that was kept and turns out to be gone is
 * made anew, once. */
void orf_http_post_send (OrfHttpPost *post,
                         const struct iovec *parts,
                         size_t n_parts,
                         OrfHttpAnswer *answer);
void orf_http_post_close (OrfHttpPost *post);
