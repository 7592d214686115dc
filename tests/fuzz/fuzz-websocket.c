/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes to the WebSocket codec: however they are cut, with rest between, it takes the same
 * messages and answers the same as when they come at once; it holds no more than a message, and
 * closes at most once.  The first byte says where they are cut.  And any length is written as a
 * frame has it.
 */
#include <string.h>

#include "websocket/orf-ws-codec.h"

#include "fuzz-cuts.h"

#define MAX_MESSAGE_BYTES 1000
/* Its buffer doubles; libwslay's context comes beside. */
#define MAX_HELD_BYTES (4 * MAX_MESSAGE_BYTES + 16384)

typedef struct {
  OrfWsCodec *codec;
  GString *texts; /* each between brackets */
  GString *out;
} Side;

static void
text_cb (gpointer user_data, const char *data, gsize length)
{
  Side *side = user_data;

  if (length > MAX_MESSAGE_BYTES)
    g_error ("a message of %" G_GSIZE_FORMAT " bytes", length);
  if (!g_utf8_validate_len (data, length, NULL) && memchr (data, '\0', length) == NULL)
    g_error ("a message that is not UTF-8");
  g_string_append_printf (side->texts, "[%" G_GSIZE_FORMAT ":", length);
  g_string_append_len (side->texts, data, (gssize) length);
}

static void
side_init (Side *side)
{
  side->codec = orf_ws_codec_new (MAX_MESSAGE_BYTES, text_cb, side);
  side->texts = g_string_new (NULL);
  side->out = g_string_new (NULL);
}

static void
side_clear (Side *side)
{
  orf_ws_codec_free (side->codec);
  g_string_free (side->texts, TRUE);
  g_string_free (side->out, TRUE);
}

/* As a connection does. */
static void
feed_cb (gpointer user_data, const uint8_t *data, gsize length)
{
  Side *side = user_data;

  if (orf_ws_codec_is_deaf (side->codec))
    return;
  orf_ws_codec_feed (side->codec, (const char *) data, length, side->out);
  orf_ws_codec_rest (side->codec);
  if (orf_ws_codec_get_size_bytes (side->codec) > MAX_HELD_BYTES)
    g_error ("it holds %" G_GSIZE_FORMAT " bytes", orf_ws_codec_get_size_bytes (side->codec));
}

/* Frames of ours are short here: pongs, our ping, and the close, which is the last. */
static void
check_answers (const GString *out)
{
  gsize at = 0;
  gboolean closed = FALSE;

  while (at < out->len) {
    guint8 opcode = (guint8) out->str[at];

    if (closed || (opcode != 0x8a && opcode != 0x89 && opcode != 0x88))
      g_error ("a frame %02x%s", opcode, closed ? " behind the close" : "");
    closed = opcode == 0x88;
    at += 2 + (guint8) out->str[at + 1];
  }
  if (at != out->len)
    g_error ("half a frame");
}

static gsize
read_long (const guint8 *bytes)
{
  guint64 number;

  memcpy (&number, bytes, sizeof number);
  return GUINT64_FROM_BE (number);
}

/* The head of a message of so many bytes says so, as RFC 6455 has it. */
static void
check_head (const uint8_t *data, size_t size)
{
  gsize length = size > 1 ? (gsize) data[1] << (data[0] % 16) : size, told;
  guint8 head[ORF_WS_HEAD_MAX];
  gsize head_length = orf_ws_write_text_head (head, length);

  told = head[1];
  if (told == 126)
    told = (gsize) head[2] << 8 | head[3];
  else if (told == 127)
    told = read_long (head + 2);
  if (head_length > sizeof head || told != length || head[0] != 0x81)
    g_error ("%" G_GSIZE_FORMAT " bytes in a frame of %" G_GSIZE_FORMAT, length, told);
}

/* We ask whether it is there, and close: once, whatever it sent. */
static void
end (Side *side)
{
  gsize before;

  orf_ws_codec_ping (side->codec, side->out);
  orf_ws_codec_close (side->codec, ORF_WS_GOING_AWAY, "the daemon ends", side->out);
  before = side->out->len;
  orf_ws_codec_ping (side->codec, side->out);
  orf_ws_codec_close (side->codec, ORF_WS_GOING_AWAY, "again", side->out);
  if (side->out->len != before || !orf_ws_codec_is_closing (side->codec))
    g_error ("something is said behind the close");
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  Side whole, cut;

  side_init (&whole);
  side_init (&cut);
  fuzz_feed_both (data, size, feed_cb, &whole, &cut);
  if (!g_string_equal (whole.texts, cut.texts))
    g_error ("cut, the messages are others");
  /* how early libwslay sees that a frame is wrong, and whether it says why, depends on the cuts */
  if (!orf_ws_codec_is_closing (whole.codec) && !orf_ws_codec_is_closing (cut.codec) &&
      !g_string_equal (whole.out, cut.out))
    g_error ("cut, the answers are others");
  end (&whole);
  end (&cut);
  check_answers (whole.out);
  check_answers (cut.out);
  check_head (data, size);
  side_clear (&whole);
  side_clear (&cut);
  return 0;
}
