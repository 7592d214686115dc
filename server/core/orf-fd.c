/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-fd.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES (64 * 1024)

gboolean
orf_fd_write_all (int fd, gconstpointer data, gsize length)
{
  for (gsize done = 0; done < length;) {
    gssize n = write (fd, (const char *) data + done, length - done);

    if (n < 0 && errno != EINTR)
      return FALSE;
    done += (gsize) MAX (n, 0);
  }
  return TRUE;
}

gboolean
orf_fd_read_line (int fd, GString *line, gsize max_bytes)
{
  while (line->len < max_bytes) {
    gsize start = line->len;
    char *newline;
    gssize n;

    g_string_set_size (line, start + READ_BYTES);
    n = read (fd, line->str + start, READ_BYTES);
    g_string_set_size (line, start + (gsize) MAX (n, 0));
    if (n == 0 || (n < 0 && errno != EINTR))
      return FALSE;
    newline = memchr (line->str + start, '\n', line->len - start);
    if (newline != NULL) {
      g_string_truncate (line, (gsize) (newline - line->str));
      return TRUE;
    }
  }
  return FALSE;
}

gboolean
orf_fd_send_some (int fd, const char *data, gsize length, gsize *n_sent)
{
  gssize n = send (fd, data + *n_sent, length - *n_sent, MSG_NOSIGNAL);

  if (n < 0)
    return errno == EAGAIN || errno == EINTR;
  *n_sent += (gsize) n;
  return *n_sent < length;
}
