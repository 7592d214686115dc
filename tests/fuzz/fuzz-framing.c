/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes to the framing of the Unix socket: however they are cut, it finds the same messages and
 * refuses the same, and never holds more than a message and its head.  The first byte says where
 * they are cut.  What we say in either style is read as it was.
 */
#include <string.h>

#include "transport/orf-message-framing.h"

#include "fuzz-cuts.h"

#define MAX_MESSAGE_BYTES 50
#define MAX_HELD_BYTES    (MAX_MESSAGE_BYTES + 4096)

typedef struct {
  OrfMessageFraming framing;
  GByteArray *unread;
  GString *log; /* messages and refusals, in their order */
  gboolean ended;
} Side;

static void
note (Side *side, OrfFramingVerdict verdict, const char *message, gsize length)
{
  if (verdict == ORF_FRAMING_MESSAGE) {
    if (length > MAX_MESSAGE_BYTES)
      g_error ("a message of %" G_GSIZE_FORMAT " bytes", length);
    g_string_append_printf (side->log, "[%" G_GSIZE_FORMAT ":", length);
    g_string_append_len (side->log, message, (gssize) length);
  } else {
    g_string_append (side->log, verdict == ORF_FRAMING_BROKEN ? "[broken" : "[large");
    /* as a session does: where bytes are counted nothing behind it can be understood */
    side->ended = side->framing.style == ORF_FRAMING_LENGTHS;
  }
}

static void
feed_cb (gpointer user_data, const uint8_t *data, gsize length)
{
  Side *side = user_data;

  if (side->ended)
    return;
  g_byte_array_append (side->unread, data, (guint) length);
  while (side->unread->len > 0 && !side->ended) {
    const char *message = NULL;
    gsize taken, message_length = 0;
    OrfFramingVerdict verdict = orf_message_framing_next (&side->framing,
                                                          (const char *) side->unread->data,
                                                          side->unread->len, &taken, &message,
                                                          &message_length);

    if (taken > side->unread->len)
      g_error ("more is taken than there is");
    if (verdict != ORF_FRAMING_MORE)
      note (side, verdict, message, message_length);
    else if (taken == 0)
      break;
    g_byte_array_remove_range (side->unread, 0, (guint) taken);
  }
  if (!side->ended && side->unread->len > MAX_HELD_BYTES)
    g_error ("%u bytes are held", side->unread->len);
}

static void
side_init (Side *side)
{
  *side = (Side){ .framing = { .max_bytes = MAX_MESSAGE_BYTES },
                  .unread = g_byte_array_new (),
                  .log = g_string_new (NULL) };
}

static void
side_clear (Side *side)
{
  g_byte_array_unref (side->unread);
  g_string_free (side->log, TRUE);
}

/* A JSON object, more or less. */
static void
check_said (OrfFramingStyle style, const uint8_t *data, size_t size)
{
  const OrfMessageFraming ours = { .style = style, .max_bytes = MAX_MESSAGE_BYTES };
  g_autoptr (GString) message = g_string_new ("{"), out = g_string_new (NULL);
  g_autofree char *expected = NULL;
  Side side;

  for (size_t i = 0; i < MIN (size, MAX_MESSAGE_BYTES - 2); i++)
    g_string_append_c (message, strchr ("\r\n", data[i]) != NULL ? ' ' : (char) data[i]);
  g_string_append_c (message, '}');
  orf_message_framing_append (&ours, out, message->str, message->len);
  side_init (&side);
  feed_cb (&side, (const uint8_t *) out->str, out->len);
  expected = g_strdup_printf ("[%" G_GSIZE_FORMAT ":", message->len);
  if (!g_str_has_prefix (side.log->str, expected) ||
      side.log->len != strlen (expected) + message->len ||
      memcmp (side.log->str + strlen (expected), message->str, message->len) != 0)
    g_error ("%s became %s", message->str, side.log->str);
  side_clear (&side);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  Side whole, cut;

  side_init (&whole);
  side_init (&cut);
  fuzz_feed_both (data, size, feed_cb, &whole, &cut);
  if (!g_string_equal (whole.log, cut.log))
    g_error ("at once: %s; cut: %s", whole.log->str, cut.log->str);
  side_clear (&whole);
  side_clear (&cut);
  check_said (ORF_FRAMING_LENGTHS, data, size);
  check_said (ORF_FRAMING_LINES, data, size);
  return 0;
}
