/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* read at once */
#define READ_BYTES (16 * 1024)

bool
orf_link_find_default (const char *name, char *path, size_t size, char *reason, size_t reason_size)
{
  const char *runtime = getenv ("XDG_RUNTIME_DIR");
  struct stat info;
  int length;

  if (runtime != NULL && runtime[0] == '/')
    length = snprintf (path, size, "%s/orfeas", runtime);
  else
    length = snprintf (path, size, "/tmp/orfeas-%u", (unsigned) getuid ());
  if (length < 0 || (size_t) length + 1 + strlen (name) >= size) {
    snprintf (reason, reason_size, "the path of the default socket is too long");
    return false;
  }
  /* /tmp is everyone's: a folder of that name that is not ours was put there to be told what we
   * send */
  if (lstat (path, &info) == 0 && (!S_ISDIR (info.st_mode) || info.st_uid != getuid ())) {
    snprintf (reason, reason_size, "%s belongs to someone else", path);
    return false;
  }
  strcat (path, "/");
  strcat (path, name);
  return true;
}

void
orf_link_init (OrfLink *link, size_t max_line_bytes)
{
  *link = (OrfLink){ .fd = -1, .max_line_bytes = max_line_bytes };
}

bool
orf_link_open (OrfLink *link, const char *path, char *reason, size_t reason_size)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd;

  if (strlen (path) >= sizeof address.sun_path) {
    snprintf (reason, reason_size, "a socket's path has at most %zu bytes",
              sizeof address.sun_path - 1);
    return false;
  }
  strcpy (address.sun_path, path);
  fd = socket (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  /* a full backlog is EAGAIN here, and no reason to wait: it is tried again like a daemon that is
   * away */
  if (fd < 0 || connect (fd, (const struct sockaddr *) &address, sizeof address) != 0) {
    snprintf (reason, reason_size, "no connection to %s: %s", path, strerror (errno));
    if (fd >= 0)
      close (fd);
    return false;
  }
  link->fd = fd;
  return true;
}

void
orf_link_close (OrfLink *link)
{
  if (link->fd >= 0)
    close (link->fd);
  free (link->out.bytes);
  free (link->in.bytes);
  orf_link_init (link, link->max_line_bytes);
}

static bool
make_room (OrfBuffer *buffer, size_t n_more)
{
  size_t capacity = buffer->capacity;
  char *bytes;

  while (capacity - buffer->length < n_more)
    capacity = capacity == 0 ? READ_BYTES : 2 * capacity;
  if (capacity == buffer->capacity)
    return true;
  bytes = realloc (buffer->bytes, capacity);
  if (bytes == NULL)
    return false;
  buffer->bytes = bytes;
  buffer->capacity = capacity;
  return true;
}

static void
drop_front (OrfBuffer *buffer, size_t n)
{
  buffer->length -= n;
  memmove (buffer->bytes, buffer->bytes + n, buffer->length);
}

bool
orf_link_put (OrfLink *link, const char *text)
{
  size_t length = strlen (text);

  if (!make_room (&link->out, length + 1))
    return false;
  memcpy (link->out.bytes + link->out.length, text, length);
  link->out.bytes[link->out.length + length] = '\n';
  link->out.length += length + 1;
  return true;
}

bool
orf_link_flush (OrfLink *link)
{
  while (link->out.length > 0) {
    /* MSG_NOSIGNAL: the program's SIGPIPE is its own affair */
    ssize_t sent = send (link->fd, link->out.bytes, link->out.length, MSG_NOSIGNAL);

    if (sent < 0 && errno == EINTR)
      continue;
    if (sent < 0)
      return errno == EAGAIN;
    drop_front (&link->out, (size_t) sent);
  }
  return true;
}

bool
orf_link_fill (OrfLink *link)
{
  ssize_t got;

  if (link->n_taken > 0) {
    drop_front (&link->in, link->n_taken);
    link->n_taken = 0;
  }
  if (link->in.length > link->max_line_bytes || !make_room (&link->in, READ_BYTES))
    return false;
  do
    got = recv (link->fd, link->in.bytes + link->in.length, READ_BYTES, 0);
  while (got < 0 && errno == EINTR);
  if (got < 0)
    return errno == EAGAIN;
  link->in.length += (size_t) got;
  return got > 0;
}

char *
orf_link_next_line (OrfLink *link)
{
  size_t n_known = link->n_taken + link->n_scanned;
  char *begin = link->in.bytes + link->n_taken;
  char *end;

  if (n_known == link->in.length)
    return NULL;
  end = memchr (link->in.bytes + n_known, '\n', link->in.length - n_known);
  link->n_scanned = end != NULL ? 0 : link->in.length - link->n_taken;
  if (end == NULL)
    return NULL;
  *end = '\0';
  link->n_taken = (size_t) (end - link->in.bytes) + 1;
  return begin;
}
