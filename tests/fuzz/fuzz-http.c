/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a connection by HTTP: what comes of them does not depend on the pieces they come in.
 */
#include <stdint.h>

#include "transport/orf-http-framing.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define MAX_HEAD 512
#define MAX_BODY 256

/* Every request that passed, and how it ended. */
static GString *
run (const char *data, gsize size, gsize piece)
{
  static const OrfHttpFramingLimits limits = { MAX_HEAD, MAX_BODY };
  g_autoptr (OrfHttpFraming) framing = orf_http_framing_new ();
  GString *seen = g_string_new (NULL);
  gsize at = 0, end = 0;

  while (at < size || end < size) {
    OrfHttpPhase phase;

    end = MIN (MAX (at, end) + piece, size);
    while (at < end) {
      gsize taken = orf_http_framing_feed (framing, &limits, data + at, end - at);

      at += taken;
      phase = orf_http_framing_get_phase (framing);
      if (phase == ORF_HTTP_COMPLETE) {
        gsize head_length, body_length;
        const char *head = orf_http_framing_get_head (framing, &head_length);
        const char *body = orf_http_framing_get_body (framing, &body_length);

        if (body_length > MAX_BODY || head_length > MAX_HEAD + 64)
          g_error ("more was let in than is allowed");
        g_string_append_len (seen, head, (gssize) head_length);
        g_string_append_len (seen, body, (gssize) body_length);
        g_string_append (seen, orf_http_framing_get_target (framing));
        orf_http_framing_next (framing);
      } else if (phase == ORF_HTTP_REFUSED) {
        g_string_append_printf (seen, "refused %d", orf_http_framing_get_refusal (framing)->status);
        return seen;
      } else if (taken == 0) {
        g_error ("nothing was taken, and nothing decided");
      }
    }
  }
  return seen;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GString) whole = run ((const char *) data, size, MAX (size, 1));
  g_autoptr (GString) drip = run ((const char *) data, size, 1);

  if (!g_string_equal (whole, drip))
    g_error ("in one piece: %s\nbyte by byte: %s", whole->str, drip->str);
  return 0;
}
