/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libwslay reads frames, unmasks, checks UTF-8, answers pings and closes.  It does not gather
 * messages here: of a message in a million fragments it would keep as many pieces, each larger
 * than what it holds.
 *
 * It looks at the UTF-8 of a close's reason as if each piece of it began with a code: it is given
 * the whole payload of a close, or nothing of it.
 *
 * Invariants:
 * - `head`, `rest` and `close` follow the frames in what libwslay was given.
 * - Between two frames, where in_message is FALSE too, its context holds nothing that a new one
 * would not.
 */
#include "websocket/orf-ws-codec.h"

#include <string.h>
#include <wslay/wslay.h>

/* A buffer that was larger is given back once its message is through. */
#define KEEP_BYTES 16384

#define TEXT_FRAME  0x81 /* final, of opcode text */
#define PING_FRAME  0x89
#define CLOSE_FRAME 0x88
#define MASK_BYTES  4
/* Of a frame's two first bytes. */
#define OPCODE_BITS 0x0f
#define MASKED_BIT  0x80
#define LENGTH_BITS 0x7f
/* Of a control frame's payload. */
#define CONTROL_BYTES 125
/* sizeof (struct wslay_event_context) of 1.1.1, which is not public; a buffer of 4 KiB each way. */
#define WSLAY_BYTES 8400

struct _OrfWsCodec {
  wslay_event_context_ptr wslay; /* NULL while nothing is read */
  gsize max_message_bytes;
  void (*text) (gpointer user_data, const char *data, gsize length);
  gpointer user_data;
  const char *input;
  gsize input_length;
  GString *out; /* borrowed, during a call */
  GString *message;
  gboolean in_message;             /* of which more fragments are to come */
  gboolean in_control;             /* the frame being read is no part of a message */
  gboolean refused;                /* the message being read */
  guint8 head[2 + 8 + MASK_BYTES]; /* of the frame being given, as far as it has come */
  gsize n_head;
  guint64 rest;      /* of its payload, that has not come */
  gboolean in_close; /* it is a close's, which waits here until it is whole */
  guint8 close[CONTROL_BYTES];
  gsize n_close;
  gboolean failed;
};

static gsize
get_length_bytes (const guint8 *head)
{
  guint8 length = head[1] & LENGTH_BITS;

  return length < 126 ? 0 : length == 126 ? 2 : 8;
}

/* One byte more of a frame's head; behind the last its payload begins. */
static void
take_head (OrfWsCodec *codec, guint8 byte)
{
  gsize n_length;

  codec->head[codec->n_head++] = byte;
  if (codec->n_head < 2)
    return;
  n_length = get_length_bytes (codec->head);
  if (codec->n_head < 2 + n_length + (codec->head[1] & MASKED_BIT ? MASK_BYTES : 0))
    return;
  codec->rest = n_length > 0 ? 0 : codec->head[1] & LENGTH_BITS;
  for (gsize i = 0; i < n_length; i++)
    codec->rest = codec->rest << 8 | codec->head[2 + i];
  codec->in_close = (codec->head[0] & OPCODE_BITS) == WSLAY_CONNECTION_CLOSE && codec->rest > 0 &&
                    codec->rest <= CONTROL_BYTES;
  codec->n_head = 0;
}

/* Of the payload of the frame; how many. */
static gsize
take_payload (OrfWsCodec *codec, guint8 *buffer, gsize length)
{
  gsize n = (gsize) MIN (codec->rest, MIN (length, codec->input_length));

  memcpy (buffer, codec->input, n);
  codec->input += n;
  codec->input_length -= n;
  codec->rest -= n;
  return n;
}

/* A close's payload, once it is whole; 0: not yet. */
static gsize
take_close (OrfWsCodec *codec, guint8 *buffer, gsize length)
{
  gsize n;

  codec->n_close += take_payload (codec, codec->close + codec->n_close,
                                  sizeof codec->close - codec->n_close);
  n = codec->n_close;
  if (codec->rest > 0 || length < n)
    return 0;
  memcpy (buffer, codec->close, n);
  codec->in_close = FALSE;
  codec->n_close = 0;
  return n;
}

static gsize
give (OrfWsCodec *codec, guint8 *buffer, gsize length)
{
  gsize n = 0, taken = 1;

  while (n < length && taken > 0) {
    if (codec->in_close) {
      taken = take_close (codec, buffer + n, length - n);
    } else if (codec->rest > 0) {
      taken = take_payload (codec, buffer + n, length - n);
    } else if ((taken = MIN (codec->input_length, 1)) > 0) {
      buffer[n] = (guint8) *codec->input++;
      codec->input_length--;
      take_head (codec, buffer[n]);
    }
    n += taken;
  }
  return n;
}

static gboolean
is_between_frames (const OrfWsCodec *codec)
{
  return codec->n_head == 0 && codec->rest == 0;
}

static ssize_t
recv_cb (wslay_event_context_ptr wslay, uint8_t *buffer, size_t length, int flags, void *user_data)
{
  gsize n = give (user_data, buffer, length);

  if (n > 0)
    return (ssize_t) n;
  wslay_event_set_error (wslay, WSLAY_ERR_WOULDBLOCK);
  return -1;
}

static ssize_t
send_cb (
  wslay_event_context_ptr wslay, const uint8_t *data, size_t length, int flags, void *user_data)
{
  g_string_append_len (((OrfWsCodec *) user_data)->out, (const char *) data, (gssize) length);
  return (ssize_t) length;
}

static void
refuse (OrfWsCodec *codec, guint16 code, const char *reason)
{
  codec->refused = TRUE;
  wslay_event_queue_close (codec->wslay, code, (const uint8_t *) reason, strlen (reason));
  wslay_event_shutdown_read (codec->wslay);
}

static void
frame_cb (wslay_event_context_ptr wslay,
          const struct wslay_event_on_frame_recv_start_arg *frame,
          void *user_data)
{
  OrfWsCodec *codec = user_data;

  codec->in_control = wslay_is_ctrl_frame (frame->opcode);
  if (!codec->in_control)
    codec->in_message = !frame->fin;
  if (frame->opcode == WSLAY_BINARY_FRAME)
    refuse (codec, ORF_WS_UNSUPPORTED, "messages are JSON text");
  else if (frame->opcode == WSLAY_CONNECTION_CLOSE && frame->payload_length == 1)
    refuse (codec, ORF_WS_PROTOCOL_ERROR, "half a code");
  else if (!codec->in_control &&
           frame->payload_length > codec->max_message_bytes - codec->message->len)
    refuse (codec, ORF_WS_TOO_BIG, "websocket.max_message_bytes");
}

static void
chunk_cb (wslay_event_context_ptr wslay,
          const struct wslay_event_on_frame_recv_chunk_arg *chunk,
          void *user_data)
{
  OrfWsCodec *codec = user_data;

  if (!codec->in_control && !codec->refused)
    g_string_append_len (codec->message, (const char *) chunk->data, (gssize) chunk->data_length);
}

static void
message_cb (wslay_event_context_ptr wslay,
            const struct wslay_event_on_msg_recv_arg *message,
            void *user_data)
{
  OrfWsCodec *codec = user_data;

  if (wslay_is_ctrl_frame (message->opcode) || codec->refused)
    return;
  codec->text (codec->user_data, codec->message->str, codec->message->len);
  if (codec->message->allocated_len > KEEP_BYTES) {
    g_string_free (codec->message, TRUE);
    codec->message = g_string_new (NULL);
  } else {
    g_string_truncate (codec->message, 0);
  }
}

static void
wake (OrfWsCodec *codec)
{
  static const struct wslay_event_callbacks callbacks = {
    .recv_callback = recv_cb,
    .send_callback = send_cb,
    .on_frame_recv_start_callback = frame_cb,
    .on_frame_recv_chunk_callback = chunk_cb,
    .on_msg_recv_callback = message_cb,
  };

  if (codec->wslay != NULL)
    return;
  if (wslay_event_context_server_init (&codec->wslay, &callbacks, codec) != 0)
    g_error ("out of memory"); /* as g_new() does */
  wslay_event_config_set_no_buffering (codec->wslay, 1);
  wslay_event_config_set_max_recv_msg_length (codec->wslay, codec->max_message_bytes);
}

void
orf_ws_codec_rest (OrfWsCodec *codec)
{
  if (codec->wslay != NULL && is_between_frames (codec) && !codec->in_message &&
      !orf_ws_codec_is_closing (codec) && !orf_ws_codec_is_deaf (codec))
    g_clear_pointer (&codec->wslay, wslay_event_context_free);
}

gsize
orf_ws_codec_get_size_bytes (const OrfWsCodec *codec)
{
  return sizeof *codec + codec->message->allocated_len + (codec->wslay != NULL ? WSLAY_BYTES : 0);
}

OrfWsCodec *
orf_ws_codec_new (gsize max_message_bytes,
                  void (*text) (gpointer user_data, const char *data, gsize length),
                  gpointer user_data)
{
  OrfWsCodec *codec = g_new0 (OrfWsCodec, 1);

  codec->max_message_bytes = max_message_bytes;
  codec->text = text;
  codec->user_data = user_data;
  codec->message = g_string_new (NULL);
  return codec;
}

void
orf_ws_codec_free (OrfWsCodec *codec)
{
  g_clear_pointer (&codec->wslay, wslay_event_context_free);
  g_string_free (codec->message, TRUE);
  g_free (codec);
}

static void
write_out (OrfWsCodec *codec, GString *out)
{
  codec->out = out;
  if (wslay_event_want_write (codec->wslay) && wslay_event_send (codec->wslay) != 0)
    codec->failed = TRUE;
  codec->out = NULL;
}

/* Where a frame itself is wrong libwslay's last words are a close without a code. */
static void
give_reason (GString *out)
{
  static const char close[] = { (char) CLOSE_FRAME, 2, (char) (ORF_WS_PROTOCOL_ERROR >> 8),
                                (char) (ORF_WS_PROTOCOL_ERROR & 0xff) };

  g_string_truncate (out, out->len - 2);
  g_string_append_len (out, close, sizeof close);
}

void
orf_ws_codec_feed (OrfWsCodec *codec, const char *data, gsize length, GString *out)
{
  gboolean closing = orf_ws_codec_is_closing (codec);

  wake (codec);
  codec->input = data;
  codec->input_length = length;
  if (wslay_event_want_read (codec->wslay) && wslay_event_recv (codec->wslay) != 0)
    codec->failed = TRUE;
  codec->input_length = 0;
  write_out (codec, out);
  if (codec->failed && !closing && wslay_event_get_close_sent (codec->wslay))
    give_reason (out);
}

void
orf_ws_codec_ping (OrfWsCodec *codec, GString *out)
{
  static const char ping[] = { (char) PING_FRAME, 0 };

  if (!orf_ws_codec_is_closing (codec))
    g_string_append_len (out, ping, sizeof ping);
}

void
orf_ws_codec_close (OrfWsCodec *codec, guint16 code, const char *reason, GString *out)
{
  if (orf_ws_codec_is_closing (codec))
    return;
  wake (codec);
  wslay_event_queue_close (codec->wslay, code, (const uint8_t *) reason, strlen (reason));
  write_out (codec, out);
}

gboolean
orf_ws_codec_is_closing (const OrfWsCodec *codec)
{
  return codec->failed || (codec->wslay != NULL && wslay_event_get_close_sent (codec->wslay));
}

gboolean
orf_ws_codec_is_deaf (const OrfWsCodec *codec)
{
  return codec->failed || (codec->wslay != NULL && !wslay_event_get_read_enabled (codec->wslay));
}

static gsize
get_head_length (guint64 payload_length)
{
  if (payload_length < 126)
    return 2;
  return payload_length <= G_MAXUINT16 ? 4 : 10;
}

gsize
orf_ws_write_text_head (guint8 head[ORF_WS_HEAD_MAX], gsize length)
{
  gsize head_length = get_head_length (length);
  guint64 long_length = GUINT64_TO_BE (length);
  guint16 short_length = GUINT16_TO_BE ((guint16) length);

  head[0] = TEXT_FRAME;
  head[1] = (guint8) (head_length == 2 ? length : head_length == 4 ? 126 : 127);
  if (head_length == 4)
    memcpy (head + 2, &short_length, sizeof short_length);
  else if (head_length == 10)
    memcpy (head + 2, &long_length, sizeof long_length);
  return head_length;
}
