/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Where messages begin and end in a byte stream: each on a line of its own, or each behind headers
 * of which Content-Length counts its bytes, as language servers have it.  The first byte tells
 * which: no JSON text begins with a C.  Pure; a plain value.
 */
typedef enum {
  ORF_FRAMING_UNKNOWN, /* no byte has come yet */
  ORF_FRAMING_LINES,
  ORF_FRAMING_LENGTHS,
} OrfFramingStyle;

typedef struct {
  gsize max_bytes; /* of one message */
  OrfFramingStyle style;
  gsize scanned;     /* bytes of the unread text that hold no newline */
  gboolean skipping; /* up to the end of a line that is too long */
} OrfMessageFraming;

typedef enum {
  ORF_FRAMING_MORE,      /* no whole message is there yet */
  ORF_FRAMING_MESSAGE,   /* *message is one */
  ORF_FRAMING_TOO_LARGE, /* told once a message; a line's rest is skipped, a counted one cannot be
                          */
  ORF_FRAMING_BROKEN,    /* headers that are none, or a request of HTTP: nothing behind is read */
} OrfFramingVerdict;

/* data: all that was not taken yet.  *taken: what to drop from its front afterwards.  *message
 * points into data. */
OrfFramingVerdict orf_message_framing_next (OrfMessageFraming *framing,
                                            const char *data,
                                            gsize length,
                                            gsize *taken,
                                            const char **message,
                                            gsize *message_length);
/* Appends a message of ours. */
void orf_message_framing_append (const OrfMessageFraming *framing,
                                 GString *out,
                                 const char *message,
                                 gsize length);

G_END_DECLS
