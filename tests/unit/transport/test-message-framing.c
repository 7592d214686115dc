/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "transport/orf-message-framing.h"

#define MAX_BYTES 20

/* What comes of a stream that arrives in pieces of this size: messages and verdicts, by '|'. */
static char *
run (const char *stream, gsize piece)
{
  OrfMessageFraming framing = { .max_bytes = MAX_BYTES };
  g_autoptr (GString) unread = g_string_new (NULL);
  GString *seen = g_string_new (NULL);
  gsize length = strlen (stream);

  for (gsize at = 0; at < length; at += piece) {
    gsize taken;

    g_string_append_len (unread, stream + at, (gssize) MIN (piece, length - at));
    do {
      const char *message = NULL;
      gsize message_length = 0;
      OrfFramingVerdict verdict = orf_message_framing_next (&framing, unread->str, unread->len,
                                                            &taken, &message, &message_length);

      if (verdict == ORF_FRAMING_MESSAGE)
        g_string_append_printf (seen, "%.*s|", (int) message_length, message);
      else if (verdict == ORF_FRAMING_TOO_LARGE)
        g_string_append (seen, "LARGE|");
      else if (verdict == ORF_FRAMING_BROKEN)
        g_string_append (seen, "BROKEN|");
      g_string_erase (unread, 0, (gssize) taken);
      if (verdict == ORF_FRAMING_BROKEN ||
          (framing.style == ORF_FRAMING_LENGTHS && verdict > ORF_FRAMING_MESSAGE))
        return g_string_free (seen, FALSE); /* whoever reads it closes */
    } while (taken > 0);
  }
  return g_string_free (seen, FALSE);
}

static void
check (const char *stream, const char *expected)
{
  for (gsize piece = 1; piece <= strlen (stream); piece++) {
    g_autofree char *seen = run (stream, piece);

    g_assert_cmpstr (seen, ==, expected);
  }
}

static void
test_lines (void)
{
  check ("{\"a\":1}\n[2]\n", "{\"a\":1}|[2]|");
  check ("\n\r\n  1\r\n\n2\n", "  1|2|");
  check ("no end", "");
  check ("12345678901234567890\n", "12345678901234567890|");
}

static void
test_long_line (void)
{
  check ("1\nthis line is far too long to be a message\n2\n", "1|LARGE|2|");
  check ("123456789012345678901\n3\n", "LARGE|3|");
}

static void
test_lengths (void)
{
  check ("Content-Length: 3\r\n\r\n{1}Content-Length:2\r\nContent-Type: x\r\n\r\n[]", "{1}|[]|");
  check ("content-length: 3\r\n\r\n\n\n\n", "\n\n\n|");
  check ("Content-Type: a\r\ncontent-LENGTH:  0 \r\n\r\n", "|");
  check ("Content-Length: 3\r\n\r\n{1", "");
}

static void
test_bad_lengths (void)
{
  check ("Content-Length: 21\r\n\r\n", "LARGE|");
  check ("Content-Length: -1\r\n\r\n{}", "BROKEN|");
  check ("Content-Length: 0x2\r\n\r\n{}", "BROKEN|");
  check ("Content-Length: \v2\r\n\r\n{}", "BROKEN|");
  check ("Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", "BROKEN|");
  check ("Content-Type: x\r\n\r\n{}", "BROKEN|");
  check ("Content-Lengthy: 2\r\n\r\n{}", "BROKEN|");
  check ("Colonless\r\n\r\n", "BROKEN|");
  check ("Content-Length: 99999999999999999999999\r\n\r\n", "BROKEN|");
}

static void
test_http (void)
{
  check ("GET / HTTP/1.1\r\n\r\n[2]\n", "BROKEN|");
  check ("1\nPUT /a HTTP/2.0\n[2]\n", "1|BROKEN|");
  check ("COPY /a:b HTTP/1.1\r\nContent-Length: 3\r\n\r\n{1}", "BROKEN|");
  check ("{\"id\":\" HTTP/2\"}\n", "{\"id\":\" HTTP/2\"}|");
  check ("\"a HTTP/1.1\"\n HTTP/1\n", "\"a HTTP/1.1\"| HTTP/1|");
}

static void
test_endless_head (void)
{
  OrfMessageFraming framing = { .max_bytes = MAX_BYTES };
  g_autofree char *head = g_strnfill (5000, 'C');
  const char *message;
  gsize taken, length;

  g_assert_cmpint (orf_message_framing_next (&framing, head, 5000, &taken, &message, &length), ==,
                   ORF_FRAMING_BROKEN);
}

static void
test_append (void)
{
  OrfMessageFraming framing = { .style = ORF_FRAMING_LENGTHS };
  g_autoptr (GString) out = g_string_new (NULL);

  orf_message_framing_append (&framing, out, "{}x", 2);
  framing.style = ORF_FRAMING_LINES;
  orf_message_framing_append (&framing, out, "[]", 2);
  g_assert_cmpstr (out->str, ==, "Content-Length: 2\r\n\r\n{}[]\n");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/message-framing/lines", test_lines);
  g_test_add_func ("/message-framing/long-line", test_long_line);
  g_test_add_func ("/message-framing/lengths", test_lengths);
  g_test_add_func ("/message-framing/bad-lengths", test_bad_lengths);
  g_test_add_func ("/message-framing/http", test_http);
  g_test_add_func ("/message-framing/endless-head", test_endless_head);
  g_test_add_func ("/message-framing/append", test_append);
  return g_test_run ();
}
