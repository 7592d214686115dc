/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-gzip.h"

#include <zlib.h>

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
