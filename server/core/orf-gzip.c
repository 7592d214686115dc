/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-gzip.h"

#include <zlib.h>

#include "orf-error.h"

/* Two thirds of the time of the default level, for a few percent of the size: a page is made while
 * others wait. */
#define LEVEL 4
/* 15 is deflate's largest window, and 16 more say that gzip's head and tail are wanted. */
#define WINDOW_BITS  (15 + 16)
#define MEMORY_LEVEL 8

char *
orf_gzip_pack (const char *data, gsize length, gsize *packed_length)
{
  z_stream stream = { 0 };
  gsize room;
  char *packed;
  int result;

  /* zlib counts in 32 bits; what is told is bounded far below */
  g_assert (length < G_MAXUINT32 / 2);
  /* it fails only for want of memory, where GLib ends the process too */
  result = deflateInit2 (&stream, LEVEL, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY);
  g_assert (result == Z_OK);
  room = deflateBound (&stream, length);
  packed = g_malloc (room);
  stream.next_in = (Bytef *) data;
  stream.avail_in = (uInt) length;
  stream.next_out = (Bytef *) packed;
  stream.avail_out = (uInt) room;
  result = deflate (&stream, Z_FINISH); /* in one call, since there is room */
  g_assert (result == Z_STREAM_END);
  *packed_length = stream.total_out;
  deflateEnd (&stream);
  return g_realloc (packed, MAX (*packed_length, 1));
}

/* Made in steps that double: what is small costs little, and what lies about its size no more. */
#define FIRST_STEP_BYTES 65536
/* Before there is more of it the rest is counted, so that what will be refused takes no more room:
 * 64 KiB of gzip can be 64 MiB. */
#define COUNTED_BYTES (8 * 1024 * 1024)
#define TOO_LARGE     "unpacked it is too large"

static gboolean
refuse_packed (GError **error, OrfErrorCode code, const char *message)
{
  g_set_error_literal (error, ORF_ERROR, (int) code, message);
  return FALSE;
}

/* Until the stream's member ends, its input does, or there is too much. */
static gboolean
inflate_step (z_stream *stream, GString *to, gsize max_bytes, gboolean *ended, GError **error)
{
  gsize before = to->len, room = MAX (to->len, FIRST_STEP_BYTES);
  int result;

  /* one more than may be tells what is too much from what fits exactly */
  room = MIN (room, max_bytes + 1 - before);
  g_string_set_size (to, before + room);
  stream->next_out = (Bytef *) to->str + before;
  stream->avail_out = (uInt) room;
  result = inflate (stream, Z_NO_FLUSH);
  g_string_set_size (to, before + room - stream->avail_out);
  *ended = result == Z_STREAM_END;
  if (to->len > max_bytes)
    return refuse_packed (error, ORF_ERROR_RESOURCE_EXHAUSTED, TOO_LARGE);
  if (result == Z_STREAM_END || result == Z_OK)
    return TRUE;
  return refuse_packed (error, ORF_ERROR_PARSE_ERROR,
                        result == Z_BUF_ERROR ? "the gzip stream is cut short"
                                              : "this is no gzip stream, or a damaged one");
}

/* Whether what is left to unpack has as many bytes at most; what is no gzip has. */
static gboolean
rest_fits (z_stream *stream, gsize max_bytes)
{
  g_autofree Bytef *scratch = g_malloc (FIRST_STEP_BYTES);
  z_stream copy;
  gsize n = 0;
  int result = inflateCopy (&copy, stream);

  g_assert (result == Z_OK); /* it fails only for want of memory */
  while (n <= max_bytes && (result == Z_OK || (result == Z_STREAM_END && copy.avail_in > 0))) {
    if (result == Z_STREAM_END)
      inflateReset (&copy);
    copy.next_out = scratch;
    copy.avail_out = FIRST_STEP_BYTES;
    result = inflate (&copy, Z_NO_FLUSH);
    n += FIRST_STEP_BYTES - copy.avail_out;
  }
  inflateEnd (&copy);
  return n <= max_bytes;
}

static gboolean
inflate_all (z_stream *stream, GString *to, gsize max_bytes, GError **error)
{
  gboolean ended = FALSE;
  gboolean counted = FALSE;

  while (!ended || stream->avail_in > 0) {
    if (ended)
      inflateReset (stream);
    if (to->len >= COUNTED_BYTES && !counted && !rest_fits (stream, max_bytes - to->len))
      return refuse_packed (error, ORF_ERROR_RESOURCE_EXHAUSTED, TOO_LARGE);
    counted = counted || to->len >= COUNTED_BYTES;
    if (!inflate_step (stream, to, max_bytes, &ended, error))
      return FALSE;
  }
  return TRUE;
}

GString *
orf_gzip_unpack (const char *data, gsize length, gsize max_bytes, GError **error)
{
  z_stream stream = { 0 };
  GString *to = g_string_new (NULL);
  gboolean whole;
  int result;

  g_assert (length < G_MAXUINT32 / 2 && max_bytes < G_MAXUINT32 / 2);
  result = inflateInit2 (&stream, WINDOW_BITS);
  g_assert (result == Z_OK);
  stream.next_in = (Bytef *) data;
  stream.avail_in = (uInt) length;
  whole = inflate_all (&stream, to, max_bytes, error);
  inflateEnd (&stream);
  if (whole)
    return to;
  g_string_free (to, TRUE);
  return NULL;
}
