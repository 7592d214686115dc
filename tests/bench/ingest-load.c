/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Load for a server that takes samples or spans by POST:
 *
 *   ingest-load PORT PATH CONTENT-TYPE CONNECTIONS SECONDS FOLDER
 *
 * Each connection sends FOLDER/body-N again and again, one request at a time, and puts the time in
 * nanoseconds (little-endian, 8 bytes) wherever FOLDER/times-N (offsets of 4 bytes each; may be
 * empty) says; what stands there beyond TIME_PLACE is added. Where there is FOLDER/ids-N, what
 * stands at its offsets (8 bytes, of which the last 5 count) becomes another in each request, the
 * same for the same; and in each run, unless runs follow each other within milliseconds. Prints
 * {"requests_per_s":…,"p50_us":…,"p99_us":…,"refused":…}: only what was answered 2xx counts. One
 * thread and epoll.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "latency.h"

#define ANSWER_BYTES 65536
#define TIME_PLACE   0x0123456789000000
/* An odd number scatters what is multiplied by it, and keeps it apart. */
#define SCATTER 0x9e3779b97f4a7c15u

typedef struct {
  int fd;
  char *request; /* head and body */
  size_t length, head_length, sent;
  uint32_t *offsets; /* in the body */
  size_t n_offsets;
  uint64_t *places; /* what stood at the offsets */
  uint32_t *id_offsets;
  size_t n_ids;
  uint64_t *ids; /* the same of ids */
  uint64_t serial;
  char answer[ANSWER_BYTES];
  size_t n_answer;
  int64_t sent_us;
} Connection;

static Latencies latencies;
static uint64_t refused;

static int64_t
now_ns (clockid_t clock)
{
  struct timespec now;

  clock_gettime (clock, &now);
  return (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}

static void
die (const char *what)
{
  fprintf (stderr, "ingest-load: %s: %s\n", what, strerror (errno));
  exit (1);
}

static char *
read_file (const char *folder, const char *name, unsigned number, size_t *length)
{
  char path[4096];
  FILE *file;
  char *data;
  long size;

  snprintf (path, sizeof path, "%s/%s-%u", folder, name, number);
  file = fopen (path, "rb");
  if (file == NULL || fseek (file, 0, SEEK_END) != 0 || (size = ftell (file)) < 0)
    die (path);
  rewind (file);
  data = malloc ((size_t) size + 1);
  *length = (size_t) size;
  if (fread (data, 1, *length, file) != *length)
    die (path);
  fclose (file);
  return data;
}

static void
open_connection (Connection *self, unsigned port)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons ((uint16_t) port) };
  int one = 1;

  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  self->fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (self->fd < 0 || connect (self->fd, (struct sockaddr *) &address, sizeof address) != 0)
    die ("connect");
  setsockopt (self->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  fcntl (self->fd, F_SETFL, O_NONBLOCK);
}

/* The numbers at those offsets of the body. */
static uint64_t *
take_places (const char *body, const uint32_t *offsets, size_t n)
{
  uint64_t *places = calloc (n > 0 ? n : 1, sizeof *places);

  for (size_t i = 0; i < n; i++)
    memcpy (&places[i], body + offsets[i], sizeof *places);
  return places;
}

static void
prepare_ids (Connection *self, const char *folder, unsigned number, const char *body)
{
  char path[4096];
  size_t length;

  snprintf (path, sizeof path, "%s/ids-%u", folder, number);
  if (access (path, R_OK) != 0)
    return;
  self->serial = (uint64_t) now_ns (CLOCK_REALTIME) / 1000000;
  self->id_offsets = (uint32_t *) (void *) read_file (folder, "ids", number, &length);
  self->n_ids = length / sizeof (uint32_t);
  self->ids = take_places (body, self->id_offsets, self->n_ids);
}

static void
prepare (Connection *self, char **argv, unsigned number)
{
  size_t body_length, times_length;
  char *body = read_file (argv[6], "body", number, &body_length);
  char head[1024];

  self->offsets = (uint32_t *) (void *) read_file (argv[6], "times", number, &times_length);
  self->n_offsets = times_length / sizeof (uint32_t);
  self->places = take_places (body, self->offsets, self->n_offsets);
  prepare_ids (self, argv[6], number, body);
  self->head_length =
    (size_t) snprintf (head, sizeof head,
                       "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: %s\r\n"
                       "Content-Length: %zu\r\n\r\n",
                       argv[2], argv[3], body_length);
  self->length = self->head_length + body_length;
  self->request = malloc (self->length);
  memcpy (self->request, head, self->head_length);
  memcpy (self->request + self->head_length, body, body_length);
  free (body);
}

static void
send_more (Connection *self)
{
  while (self->sent < self->length) {
    ssize_t n = write (self->fd, self->request + self->sent, self->length - self->sent);

    if (n < 0 && errno == EAGAIN)
      return;
    if (n < 0)
      die ("write");
    self->sent += (size_t) n;
  }
}

static void
begin (Connection *self)
{
  uint64_t now = (uint64_t) now_ns (CLOCK_REALTIME);
  char *body = self->request + self->head_length;

  for (size_t i = 0; i < self->n_offsets; i++) {
    uint64_t t_ns = now + (self->places[i] - TIME_PLACE);

    memcpy (body + self->offsets[i], &t_ns, sizeof t_ns);
  }
  for (size_t i = 0; i < self->n_ids; i++) {
    uint64_t id = ((self->serial << 40) | (be64toh (self->ids[i]) & 0xffffffffff)) * SCATTER;

    memcpy (body + self->id_offsets[i], &id, sizeof id);
  }
  self->serial++;
  self->sent = self->n_answer = 0;
  self->sent_us = now_ns (CLOCK_MONOTONIC) / 1000;
  send_more (self);
}

/* An answer with a Content-Length, or one of no body (204). */
static int
is_whole (const Connection *self)
{
  const char *end = memmem (self->answer, self->n_answer, "\r\n\r\n", 4), *field;

  if (end == NULL)
    return 0;
  field = strcasestr (self->answer, "\r\ncontent-length:");
  return field == NULL || field > end ||
         self->n_answer >= (size_t) (end + 4 - self->answer) + strtoul (field + 17, NULL, 10);
}

static void
receive (Connection *self)
{
  ssize_t n = read (self->fd, self->answer + self->n_answer, ANSWER_BYTES - 1 - self->n_answer);

  if (n == 0 || (n < 0 && errno != EAGAIN))
    die ("read");
  if (n < 0)
    return;
  self->n_answer += (size_t) n;
  self->answer[self->n_answer] = '\0';
  if (!is_whole (self))
    return;
  if (self->answer[9] == '2' && strstr (self->answer, "\"error\"") == NULL)
    latencies_add (&latencies, now_ns (CLOCK_MONOTONIC) / 1000 - self->sent_us);
  else
    refused++;
  begin (self);
}

static void
run (Connection *connections, unsigned count, int epoll_fd, int64_t duration_us)
{
  struct epoll_event events[64];
  int64_t end_us = now_ns (CLOCK_MONOTONIC) / 1000 + duration_us;

  for (unsigned i = 0; i < count; i++)
    begin (&connections[i]);
  while (now_ns (CLOCK_MONOTONIC) / 1000 < end_us) {
    int n = epoll_wait (epoll_fd, events, 64, 100);

    for (int i = 0; i < n; i++) {
      Connection *connection = events[i].data.ptr;

      if (events[i].events & EPOLLOUT)
        send_more (connection);
      if (events[i].events & EPOLLIN)
        receive (connection);
    }
  }
}

int
main (int argc, char **argv)
{
  unsigned count = argc == 7 ? (unsigned) atoi (argv[4]) : 0;
  int seconds = argc == 7 ? atoi (argv[5]) : 0;
  Connection *connections = calloc (count > 0 ? count : 1, sizeof *connections);
  int epoll_fd = epoll_create1 (EPOLL_CLOEXEC);

  if (count == 0 || seconds <= 0) {
    fprintf (stderr, "usage: ingest-load PORT PATH CONTENT-TYPE CONNECTIONS SECONDS FOLDER\n");
    return 2;
  }
  for (unsigned i = 0; i < count; i++) {
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET,
                                 .data.ptr = &connections[i] };

    prepare (&connections[i], argv, i);
    open_connection (&connections[i], (unsigned) atoi (argv[1]));
    epoll_ctl (epoll_fd, EPOLL_CTL_ADD, connections[i].fd, &event);
  }
  run (connections, count, epoll_fd, (int64_t) seconds * 1000000);
  printf ("{\"requests_per_s\":%.1f,\"p50_us\":%u,\"p99_us\":%u,\"refused\":%llu}\n",
          (double) latencies.n / seconds, latencies_get (&latencies, 0.5),
          latencies_get (&latencies, 0.99), (unsigned long long) refused);
  return 0;
}
