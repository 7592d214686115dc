/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libwslay reads frames, unmasks, checks UTF-8, answers pings and closes.  It does not gather
 * messages here: of a message in a million fragments it would keep as many pieces, each larger
 * than what it holds.
 */
#include "websocket/orf-ws-codec.h"

#include <string.h>
#include <wslay/wslay.h>

/* A buffer that was larger is given back once its message is through. */
#define KEEP_BYTES 16384

#define TEXT_FRAME 0x81 /* final, of opcode text */

struct _OrfWsCodec {
  wslay_event_context_ptr wslay;
  gsize max_message_bytes;
  void (*text) (gpointer user_data, const char *data, gsize length);
  gpointer user_data;
  const char *input;
  gsize input_length;
  GString *out; /* borrowed, during a call */
  GString *message;
  gboolean in_control; /* the frame being read is no part of a message */
  gboolean refused;    /* the message being read */
  gboolean failed;
};

static ssize_t
recv_cb (wslay_event_context_ptr wslay, uint8_t *buffer, size_t length, int flags, void *user_data)
{
  OrfWsCodec *codec = user_data;
  gsize n = MIN (length, codec->input_length);

  if (n == 0) {
    wslay_event_set_error (wslay, WSLAY_ERR_WOULDBLOCK);
    return -1;
  }
  memcpy (buffer, codec->input, n);
  codec->input += n;
  codec->input_length -= n;
  return (ssize_t) n;
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
  if (frame->opcode == WSLAY_BINARY_FRAME)
    refuse (codec, ORF_WS_UNSUPPORTED, "messages are JSON text");
}

static void
chunk_cb (wslay_event_context_ptr wslay,
          const struct wslay_event_on_frame_recv_chunk_arg *chunk,
          void *user_data)
{
  OrfWsCodec *codec = user_data;

  if (codec->in_control || codec->refused)
    return;
  if (chunk->data_length > codec->max_message_bytes - codec->message->len)
    refuse (codec, ORF_WS_TOO_BIG, "websocket.max_message_bytes");
  else
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

OrfWsCodec *
orf_ws_codec_new (gsize max_message_bytes,
                  void (*text) (gpointer user_data, const char *data, gsize length),
                  gpointer user_data)
{
  static const struct wslay_event_callbacks callbacks = {
    .recv_callback = recv_cb,
    .send_callback = send_cb,
    .on_frame_recv_start_callback = frame_cb,
    .on_frame_recv_chunk_callback = chunk_cb,
    .on_msg_recv_callback = message_cb,
  };
  OrfWsCodec *codec = g_new0 (OrfWsCodec, 1);

  codec->max_message_bytes = max_message_bytes;
  codec->text = text;
  codec->user_data = user_data;
  codec->message = g_string_new (NULL);
  if (wslay_event_context_server_init (&codec->wslay, &callbacks, codec) != 0)
    g_error ("out of memory"); /* as g_new() does */
  wslay_event_config_set_no_buffering (codec->wslay, 1);
  wslay_event_config_set_max_recv_msg_length (codec->wslay, max_message_bytes);
  return codec;
}

void
orf_ws_codec_free (OrfWsCodec *codec)
{
  wslay_event_context_free (codec->wslay);
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

void
orf_ws_codec_feed (OrfWsCodec *codec, const char *data, gsize length, GString *out)
{
  codec->input = data;
  codec->input_length = length;
  if (wslay_event_want_read (codec->wslay) && wslay_event_recv (codec->wslay) != 0)
    codec->failed = TRUE;
  codec->input_length = 0;
  write_out (codec, out);
}

void
orf_ws_codec_ping (OrfWsCodec *codec, GString *out)
{
  const struct wslay_event_msg ping = { .opcode = WSLAY_PING };

  if (orf_ws_codec_is_closing (codec))
    return;
  wslay_event_queue_msg (codec->wslay, &ping);
  write_out (codec, out);
}

void
orf_ws_codec_close (OrfWsCodec *codec, guint16 code, const char *reason, GString *out)
{
  if (orf_ws_codec_is_closing (codec))
    return;
  wslay_event_queue_close (codec->wslay, code, (const uint8_t *) reason, strlen (reason));
  write_out (codec, out);
}

gboolean
orf_ws_codec_is_closing (const OrfWsCodec *codec)
{
  return codec->failed || wslay_event_get_close_sent (codec->wslay);
}

gboolean
orf_ws_codec_is_deaf (const OrfWsCodec *codec)
{
  return codec->failed || !wslay_event_get_read_enabled (codec->wslay);
}

gsize
orf_ws_write_text_head (guint8 head[ORF_WS_HEAD_MAX], gsize length)
{
  head[0] = TEXT_FRAME;
  if (length < 126) {
    head[1] = (guint8) length;
    return 2;
  }
  if (length <= G_MAXUINT16) {
    guint16 short_length = GUINT16_TO_BE ((guint16) length);

    head[1] = 126;
    memcpy (head + 2, &short_length, sizeof short_length);
    return 4;
  }
  head[1] = 127;
  length = GUINT64_TO_BE (length);
  memcpy (head + 2, &length, sizeof length);
  return 10;
}
