/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/orf-http-framing.h"

#include <string.h>

#define STATUS_BAD_REQUEST      400
#define STATUS_TOO_LARGE        413
#define STATUS_HEADER_TOO_LARGE 431

/* 16^8 is beyond any body that may be configured. */
#define MAX_CHUNK_DIGITS 8
/* Of one body: nobody we know sends extensions or trailers, and both are dropped. */
#define MAX_EXTENSION_BYTES 4096
#define MAX_TRAILER_BYTES   8192
/* A buffer that grew beyond is given back after the request. */
#define KEPT_BUFFER_BYTES 65536

typedef enum {
  CHUNK_SIZE,
  CHUNK_EXTENSION,
  CHUNK_SIZE_LF,
  CHUNK_DATA,
  CHUNK_DATA_CR,
  CHUNK_DATA_LF,
  CHUNK_TRAILER,
} ChunkState;

struct _OrfHttpFraming {
  OrfHttpPhase phase;
  GString *raw; /* the head as it comes */
  OrfHttpHead head;
  GString *body;
  OrfHttpRefusal refusal;
  guint64 remaining; /* of the body, or of the chunk */
  gsize line_length; /* of the head's or the trailer's current line */
  gboolean after_cr;
  gboolean upload; /* of the body */
  gboolean owes_continue;
  ChunkState chunk;
  guint chunk_digits;
  gsize extension_bytes;
  gsize trailer_bytes;
};

OrfHttpFraming *
orf_http_framing_new (void)
{
  OrfHttpFraming *framing = g_new0 (OrfHttpFraming, 1);

  framing->raw = g_string_new (NULL);
  framing->head.pass = g_string_new (NULL);
  framing->head.target = g_string_new (NULL);
  framing->body = g_string_new (NULL);
  return framing;
}

void
orf_http_framing_free (OrfHttpFraming *framing)
{
  if (framing == NULL)
    return;
  g_string_free (framing->raw, TRUE);
  g_string_free (framing->head.pass, TRUE);
  g_string_free (framing->head.target, TRUE);
  g_string_free (framing->body, TRUE);
  g_free (framing);
}

static void
empty_buffer (GString **buffer)
{
  if ((*buffer)->allocated_len > KEPT_BUFFER_BYTES) {
    g_string_free (*buffer, TRUE);
    *buffer = g_string_new (NULL);
  } else {
    g_string_truncate (*buffer, 0);
  }
}

static void
refuse (OrfHttpFraming *framing, int status, const char *reason)
{
  framing->phase = ORF_HTTP_REFUSED;
  framing->refusal = (OrfHttpRefusal){ status, reason };
  empty_buffer (&framing->body);
}

/* FALSE, and refused: a body of as many bytes is too large.  Also of chunks of a byte each. */
static gboolean
check_body_bytes (OrfHttpFraming *framing, const OrfHttpFramingLimits *limits, guint64 bytes)
{
  if (bytes <= (framing->upload ? limits->max_upload_bytes : limits->max_body_bytes))
    return TRUE;
  refuse (framing, STATUS_TOO_LARGE,
          framing->upload ? "the body is larger than otlp.max_body_bytes"
                          : "the body is larger than listen.max_body_bytes");
  return FALSE;
}

static void
begin_body (OrfHttpFraming *framing, const OrfHttpFramingLimits *limits)
{
  const OrfHttpHead *head = &framing->head;

  framing->upload = g_str_has_prefix (head->target->str, ORF_HTTP_UPLOADS);
  if (!head->chunked && !check_body_bytes (framing, limits, head->content_length))
    return;
  if (!head->chunked && head->content_length == 0) {
    framing->phase = ORF_HTTP_COMPLETE;
    return;
  }
  framing->phase = ORF_HTTP_BODY;
  framing->owes_continue = head->expects_continue;
  framing->remaining = head->content_length;
  framing->chunk = CHUNK_SIZE;
  framing->chunk_digits = 0;
  framing->extension_bytes = framing->trailer_bytes = 0;
  if (head->chunked)
    framing->remaining = 0;
}

/* One character of lines that end in CR LF; *ended with the empty line.  FALSE: not allowed there.
 */
static gboolean
take_line_char (OrfHttpFraming *framing, guchar c, gboolean *ended)
{
  if (c == '\n') {
    if (!framing->after_cr)
      return FALSE;
    framing->after_cr = FALSE;
    *ended = framing->line_length == 0;
    framing->line_length = 0;
    return TRUE;
  }
  if (framing->after_cr)
    return FALSE;
  if (c == '\r') {
    framing->after_cr = TRUE;
    return TRUE;
  }
  framing->line_length++;
  return (c >= ' ' && c != 0x7f) || c == '\t';
}

static gsize
feed_head (OrfHttpFraming *framing,
           const OrfHttpFramingLimits *limits,
           const char *data,
           gsize length)
{
  gsize room = limits->max_head_bytes > framing->raw->len
                 ? limits->max_head_bytes - framing->raw->len
                 : 0;
  gsize usable = MIN (length, room);
  gboolean ended = FALSE;
  gsize i = 0;

  framing->phase = ORF_HTTP_HEAD;
  while (i < usable && !ended) {
    if (!take_line_char (framing, (guchar) data[i], &ended)) {
      refuse (framing, STATUS_BAD_REQUEST,
              "the head has a control character, or a line that does "
              "not end in CR LF");
      return i;
    }
    i++;
  }
  g_string_append_len (framing->raw, data, (gssize) i);
  if (!ended) {
    if (i < length)
      refuse (framing, STATUS_HEADER_TOO_LARGE, "the head is larger than listen.max_header_bytes");
    return i;
  }
  if (framing->raw->len == 2)
    refuse (framing, STATUS_BAD_REQUEST, "there is an empty line before the request line");
  else if (!orf_http_head_parse (&framing->head, framing->raw->str, framing->raw->len,
                                 &framing->refusal))
    framing->phase = ORF_HTTP_REFUSED;
  else
    begin_body (framing, limits);
  return i;
}

static gsize
take_data (OrfHttpFraming *framing, const char *data, gsize length)
{
  gsize taken = (gsize) MIN ((guint64) length, framing->remaining);

  g_string_append_len (framing->body, data, (gssize) taken);
  framing->remaining -= taken;
  return taken;
}

static void
end_chunk_size (OrfHttpFraming *framing, const OrfHttpFramingLimits *limits)
{
  if (framing->chunk_digits == 0)
    refuse (framing, STATUS_BAD_REQUEST, "a chunk has no size");
  else if (check_body_bytes (framing, limits, framing->remaining + framing->body->len))
    framing->chunk = CHUNK_SIZE_LF;
}

static void
take_size_char (OrfHttpFraming *framing, const OrfHttpFramingLimits *limits, char c)
{
  if (g_ascii_isxdigit (c) && framing->chunk_digits < MAX_CHUNK_DIGITS) {
    framing->remaining = framing->remaining * 16 + (guint64) g_ascii_xdigit_value (c);
    framing->chunk_digits++;
  } else if (c == '\r') {
    end_chunk_size (framing, limits);
  } else if (c == ';' && framing->chunk_digits > 0) {
    framing->chunk = CHUNK_EXTENSION;
  } else {
    refuse (framing, STATUS_BAD_REQUEST, "a chunk's size has to be hexadecimal digits");
  }
}

static void
take_extension_char (OrfHttpFraming *framing, const OrfHttpFramingLimits *limits, guchar c)
{
  if (++framing->extension_bytes > MAX_EXTENSION_BYTES)
    refuse (framing, STATUS_BAD_REQUEST, "the chunks' extensions are too long");
  else if (c == '\r')
    end_chunk_size (framing, limits);
  else if ((c < ' ' && c != '\t') || c == 0x7f)
    refuse (framing, STATUS_BAD_REQUEST, "a chunk's extension has a control character");
}

static void
take_trailer_char (OrfHttpFraming *framing, guchar c)
{
  gboolean ended = FALSE;

  if (++framing->trailer_bytes > MAX_TRAILER_BYTES)
    refuse (framing, STATUS_BAD_REQUEST, "the trailer is too long");
  else if (!take_line_char (framing, c, &ended))
    refuse (framing, STATUS_BAD_REQUEST,
            "the trailer has a control character, or a line that does "
            "not end in CR LF");
  else if (ended)
    framing->phase = ORF_HTTP_COMPLETE;
}

static void
expect_char (OrfHttpFraming *framing, char c, char expected, ChunkState next)
{
  if (c != expected)
    refuse (framing, STATUS_BAD_REQUEST,
            "a chunk does not end where its size says, or not in CR LF");
  else
    framing->chunk = next;
}

/* The character between pieces of data. */
static void
take_chunk_char (OrfHttpFraming *framing, const OrfHttpFramingLimits *limits, char c)
{
  switch (framing->chunk) {
  case CHUNK_SIZE:
    take_size_char (framing, limits, c);
    break;
  case CHUNK_EXTENSION:
    take_extension_char (framing, limits, (guchar) c);
    break;
  case CHUNK_SIZE_LF:
    expect_char (framing, c, '\n', framing->remaining > 0 ? CHUNK_DATA : CHUNK_TRAILER);
    break;
  case CHUNK_DATA_CR:
    expect_char (framing, c, '\r', CHUNK_DATA_LF);
    break;
  case CHUNK_DATA_LF:
    expect_char (framing, c, '\n', CHUNK_SIZE);
    framing->chunk_digits = 0;
    break;
  case CHUNK_TRAILER:
    take_trailer_char (framing, (guchar) c);
    break;
  case CHUNK_DATA:
    break;
  }
}

static gsize
feed_chunks (OrfHttpFraming *framing,
             const OrfHttpFramingLimits *limits,
             const char *data,
             gsize length)
{
  gsize i = 0;

  while (i < length && framing->phase == ORF_HTTP_BODY) {
    if (framing->chunk == CHUNK_DATA) {
      i += take_data (framing, data + i, length - i);
      if (framing->remaining == 0)
        framing->chunk = CHUNK_DATA_CR;
    } else {
      take_chunk_char (framing, limits, data[i++]);
    }
  }
  return i;
}

static gsize
feed_body (OrfHttpFraming *framing,
           const OrfHttpFramingLimits *limits,
           const char *data,
           gsize length)
{
  gsize taken;

  /* who sends the body does not wait */
  framing->owes_continue = FALSE;
  if (framing->head.chunked)
    return feed_chunks (framing, limits, data, length);
  taken = take_data (framing, data, length);
  if (framing->remaining == 0)
    framing->phase = ORF_HTTP_COMPLETE;
  return taken;
}

gsize
orf_http_framing_feed (OrfHttpFraming *framing,
                       const OrfHttpFramingLimits *limits,
                       const char *data,
                       gsize length)
{
  gsize taken = 0;

  if (length > 0 && (framing->phase == ORF_HTTP_IDLE || framing->phase == ORF_HTTP_HEAD))
    taken = feed_head (framing, limits, data, length);
  if (taken < length && framing->phase == ORF_HTTP_BODY)
    taken += feed_body (framing, limits, data + taken, length - taken);
  return taken;
}

OrfHttpPhase
orf_http_framing_get_phase (const OrfHttpFraming *framing)
{
  return framing->phase;
}

const OrfHttpRefusal *
orf_http_framing_get_refusal (const OrfHttpFraming *framing)
{
  return framing->refusal.reason != NULL ? &framing->refusal : NULL;
}

gboolean
orf_http_framing_take_continue (OrfHttpFraming *framing)
{
  gboolean owed = framing->owes_continue && framing->phase == ORF_HTTP_BODY;

  framing->owes_continue = FALSE;
  return owed;
}

const char *
orf_http_framing_get_head (const OrfHttpFraming *framing, gsize *length)
{
  *length = framing->head.pass->len;
  return framing->head.pass->str;
}

const char *
orf_http_framing_get_body (const OrfHttpFraming *framing, gsize *length)
{
  *length = framing->body->len;
  return framing->body->str;
}

char *
orf_http_framing_dup_field (const OrfHttpFraming *framing, const char *name)
{
  gsize length = strlen (name);

  for (const char *line = framing->head.pass->str; *line != '\0';) {
    const char *end = strchrnul (line, '\r');

    if (g_ascii_strncasecmp (line, name, length) == 0 && line[length] == ':')
      return g_strstrip (g_strndup (line + length + 1, (gsize) (end - line) - length - 1));
    line = end + strspn (end, "\r\n");
  }
  return NULL;
}

GString *
orf_http_framing_steal_body (OrfHttpFraming *framing)
{
  GString *body = framing->body;

  framing->body = g_string_new (NULL);
  return body;
}

const char *
orf_http_framing_get_target (const OrfHttpFraming *framing)
{
  return framing->head.target->str;
}

void
orf_http_framing_give_up (OrfHttpFraming *framing)
{
  framing->phase = ORF_HTTP_REFUSED;
  empty_buffer (&framing->body);
}

gsize
orf_http_framing_get_body_bytes (const OrfHttpFraming *framing)
{
  return framing->body->len;
}

gsize
orf_http_framing_get_size_bytes (const OrfHttpFraming *framing)
{
  /* the body by its length: what a buffer has beyond was never touched */
  return framing->raw->allocated_len + framing->head.pass->allocated_len +
         framing->head.target->allocated_len + framing->body->len;
}

void
orf_http_framing_next (OrfHttpFraming *framing)
{
  g_return_if_fail (framing->phase == ORF_HTTP_COMPLETE);
  framing->phase = ORF_HTTP_IDLE;
  empty_buffer (&framing->raw);
  empty_buffer (&framing->body);
  framing->line_length = 0;
  framing->after_cr = FALSE;
  framing->owes_continue = FALSE;
}
