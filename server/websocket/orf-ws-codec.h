/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * The server's end of a WebSocket (RFC 6455), after the handshake: bytes in, text messages out, by
 * libwslay.  Binary messages are refused (1003), longer ones than max_message_bytes too (1009),
 * however many fragments they come in; no extension is spoken.  No socket here.
 */
typedef struct _OrfWsCodec OrfWsCodec;

/* text: one whole message, UTF-8, borrowed during the call, which must not free the codec. */
OrfWsCodec *orf_ws_codec_new (gsize max_message_bytes,
                              void (*text) (gpointer user_data, const char *data, gsize length),
                              gpointer user_data);
void orf_ws_codec_free (OrfWsCodec *codec);

/* Gives back what only reading needs (libwslay's context, 8 KiB), if no message is half read. */
void orf_ws_codec_rest (OrfWsCodec *codec);
/* What it holds. */
gsize orf_ws_codec_get_size_bytes (const OrfWsCodec *codec);

/* Everything that is to be answered (pongs, the close) is appended to out. */
void orf_ws_codec_feed (OrfWsCodec *codec, const char *data, gsize length, GString *out);
void orf_ws_codec_ping (OrfWsCodec *codec, GString *out);
/* reason: short. No more than one is ever sent. */
void orf_ws_codec_close (OrfWsCodec *codec, guint16 code, const char *reason, GString *out);
/* A close was sent: nothing may be sent after it. */
gboolean orf_ws_codec_is_closing (const OrfWsCodec *codec);
/* A close was received, or what came is beyond understanding: nothing is read any more. */
gboolean orf_ws_codec_is_deaf (const OrfWsCodec *codec);

/* What goes before a text message of `length` bytes; how many bytes of head it is. */
#define ORF_WS_HEAD_MAX 10
gsize orf_ws_write_text_head (guint8 head[ORF_WS_HEAD_MAX], gsize length);

#define ORF_WS_GOING_AWAY      1001
#define ORF_WS_PROTOCOL_ERROR  1002
#define ORF_WS_UNSUPPORTED     1003
#define ORF_WS_NOT_UTF8        1007
#define ORF_WS_POLICY          1008
#define ORF_WS_TOO_BIG         1009
#define ORF_WS_TRY_AGAIN_LATER 1013

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfWsCodec, orf_ws_codec_free)

G_END_DECLS
