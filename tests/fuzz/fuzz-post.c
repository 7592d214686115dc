/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as what a collector answers to liborfeas' tracer by HTTP: on a connection that is there
 * already; where it is of no use, no other is to be had. */
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib.h>

#include "orf-http-post.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static bool
wait_cb (void *user_data, int fd, short events)
{
  struct pollfd ready = { fd, events, 0 };

  return poll (&ready, 1, 0) > 0;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static OrfHttpTarget target;
  const struct iovec part = { (char *) "spans", 5 };
  OrfHttpPost post = { .target = &target, .wait = wait_cb };
  OrfHttpAnswer answer;
  int ends[2];

  if (target.head == NULL && !orf_http_target_init (&target, "http://127.0.0.1:1", "/v1/traces",
                                                    "application/x-protobuf", NULL))
    g_error ("no target");
  if (size > 65536 || socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0)
    return 0;
  if (write (ends[1], data, size) == (ssize_t) size) {
    shutdown (ends[1], SHUT_WR);
    post.fd = ends[0];
    orf_http_post_send (&post, &part, 1, &answer);
    if (answer.status != 0 && (answer.status < 200 || answer.status > 599))
      g_error ("a status of %d", answer.status);
    if (answer.retry_after_us < -1)
      g_error ("to be tried again %lld us before", (long long) answer.retry_after_us);
    orf_http_post_close (&post);
  } else {
    close (ends[0]);
  }
  close (ends[1]);
  return 0;
}
