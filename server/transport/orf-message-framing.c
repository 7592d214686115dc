/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/orf-message-framing.h"

#include <string.h>

/* Two headers fit many times over. */
#define MAX_HEAD_BYTES 4096
#define HEAD_END       "\r\n\r\n"

static OrfFramingVerdict
skip_line (OrfMessageFraming *framing, const char *data, gsize length, gsize *taken)
{
  const char *newline = memchr (data, '\n', length);

  *taken = newline != NULL ? (gsize) (newline - data) + 1 : length;
  framing->skipping = newline == NULL;
  return ORF_FRAMING_MORE;
}

/* The request line of HTTP, sent here by a proxy or a browser that was misled: its body, a line
 * like any other, must not become a call.  A call that ends so, by its id, is none. */
static gboolean
is_http (const char *line, gsize length)
{
  static const char version[] = " HTTP/1.1";
  const gsize size = sizeof version - 1;

  if (length > 0 && line[length - 1] == '\r')
    length--;
  return length >= size && line[0] != '{' && line[0] != '[' &&
         memcmp (line + length - size, version, size - 3) == 0;
}

static OrfFramingVerdict
next_line (OrfMessageFraming *framing,
           const char *data,
           gsize length,
           gsize *taken,
           const char **message,
           gsize *message_length)
{
  const char *newline = memchr (data + framing->scanned, '\n', length - framing->scanned);
  gsize line;

  if (newline == NULL) {
    framing->scanned = length;
    *taken = 0;
    if (length <= framing->max_bytes)
      return ORF_FRAMING_MORE;
    framing->skipping = TRUE;
    framing->scanned = 0;
    *taken = length;
    return ORF_FRAMING_TOO_LARGE;
  }
  framing->scanned = 0;
  line = (gsize) (newline - data);
  *taken = line + 1;
  if (line > framing->max_bytes)
    return ORF_FRAMING_TOO_LARGE;
  if (is_http (data, line))
    return ORF_FRAMING_BROKEN;
  *message = data;
  *message_length = line > 0 && data[line - 1] == '\r' ? line - 1 : line;
  return ORF_FRAMING_MESSAGE;
}

/* The one Content-Length of a head; FALSE: there is none that can be read.  A space in a name is
 * that of a request line whose target has a colon. */
static gboolean
read_length (const char *head, gsize head_length, guint64 *value)
{
  g_autofree char *text = g_strndup (head, head_length);
  g_auto (GStrv) lines = g_strsplit (text, "\r\n", -1);
  gboolean found = FALSE;

  for (guint i = 0; lines[i] != NULL; i++) {
    char *colon = strchr (lines[i], ':');
    const char *length;

    if (colon == NULL || memchr (lines[i], ' ', (gsize) (colon - lines[i])) != NULL)
      return FALSE;
    if (g_ascii_strncasecmp (lines[i], "Content-Length", (gsize) (colon - lines[i])) != 0 ||
        colon - lines[i] != strlen ("Content-Length"))
      continue;
    length = g_strstrip (colon + 1);
    if (found || !g_ascii_isdigit (length[0]) ||
        !g_ascii_string_to_unsigned (length, 10, 0, G_MAXINT64, value, NULL))
      return FALSE;
    found = TRUE;
  }
  return found;
}

static OrfFramingVerdict
next_counted (OrfMessageFraming *framing,
              const char *data,
              gsize length,
              gsize *taken,
              const char **message,
              gsize *message_length)
{
  const char *end = memmem (data, MIN (length, MAX_HEAD_BYTES), HEAD_END, strlen (HEAD_END));
  gsize head;
  guint64 count;

  *taken = 0;
  if (end == NULL)
    return length < MAX_HEAD_BYTES ? ORF_FRAMING_MORE : ORF_FRAMING_BROKEN;
  if (!read_length (data, (gsize) (end - data), &count))
    return ORF_FRAMING_BROKEN;
  if (count > framing->max_bytes)
    return ORF_FRAMING_TOO_LARGE;
  head = (gsize) (end - data) + strlen (HEAD_END);
  if (length - head < count)
    return ORF_FRAMING_MORE;
  *taken = head + count;
  *message = data + head;
  *message_length = count;
  return ORF_FRAMING_MESSAGE;
}

OrfFramingVerdict
orf_message_framing_next (OrfMessageFraming *framing,
                          const char *data,
                          gsize length,
                          gsize *taken,
                          const char **message,
                          gsize *message_length)
{
  gsize blank = 0;
  OrfFramingVerdict verdict;

  *taken = 0;
  if (framing->skipping && length > 0)
    return skip_line (framing, data, length, taken);
  while (framing->scanned == 0 && blank < length && (data[blank] == '\n' || data[blank] == '\r'))
    blank++;
  data += blank;
  length -= blank;
  if (length == 0) {
    *taken = blank;
    return ORF_FRAMING_MORE;
  }
  if (framing->style == ORF_FRAMING_UNKNOWN)
    framing->style = data[0] == 'C' || data[0] == 'c' ? ORF_FRAMING_LENGTHS : ORF_FRAMING_LINES;
  verdict = framing->style == ORF_FRAMING_LINES
              ? next_line (framing, data, length, taken, message, message_length)
              : next_counted (framing, data, length, taken, message, message_length);
  *taken += blank;
  return verdict;
}

void
orf_message_framing_append (const OrfMessageFraming *framing,
                            GString *out,
                            const char *message,
                            gsize length)
{
  if (framing->style == ORF_FRAMING_LENGTHS)
    g_string_append_printf (out, "Content-Length: %" G_GSIZE_FORMAT HEAD_END, length);
  g_string_append_len (out, message, (gssize) length);
  if (framing->style != ORF_FRAMING_LENGTHS)
    g_string_append_c (out, '\n');
}
