/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is read without a tree is read as with one: the same struct, told by how it is encoded
 * again. */
#include "orf-decode-plain.h"

#include <string.h>

#include "orf-encode.h"
#include "orf-schema-methods.h"

static const OrfDesc *const desc = &orf_metrics_record_params_desc;

static char *
encode (gpointer data)
{
  GString *text = g_string_new (NULL);

  g_assert_true (orf_encode (desc, data, text, NULL));
  orf_struct_free (desc, data);
  return g_string_free (text, FALSE);
}

/* What is taken is taken by the other too, and the same.  TRUE: it was taken. */
static gboolean
compare (const char *text, gsize length)
{
  gpointer plain = orf_decode_plain (desc, text, length);
  gpointer full;
  g_autofree char *one = NULL;
  g_autofree char *other = NULL;

  if (plain == NULL)
    return FALSE;
  full = orf_decode_text (desc, text, length, ORF_DECODE_STRICT, NULL);
  if (full == NULL)
    g_error ("taken, and should not be: %.*s", (int) length, text);
  one = encode (plain);
  other = encode (full);
  g_assert_cmpstr (one, ==, other);
  return TRUE;
}

static void
test_taken (void)
{
  static const char *const texts[] = {
    "{\"samples\":[{\"name\":\"a\",\"value\":1}]}",
    " { \"samples\" : [ { \"value\" : -0.5e-3 , \"name\" : \"a\" , \"t_us\" : 1700000000000000 } ] "
    "} ",
    "{\"samples\":[{\"name\":\"a\",\"value\":1,\"labels\":{}},{\"name\":\"b\",\"value\":2,"
    "\"labels\":{\"z\":\"1\",\"a\":\"\xc3\xa9\",\"m\":\"\"}}]}",
    "{\"samples\":[{\"name\":\"a\",\"value\":0.1},{\"name\":\"a\",\"value\":123456789012345},"
    "{\"name\":\"a\",\"value\":1234567890.12345},{\"name\":\"a\",\"value\":-0},"
    "{\"name\":\"a\",\"value\":12345678901234567890},{\"name\":\"a\",\"value\":1E+22},"
    "{\"name\":\"a\",\"value\":0.000000000000001},{\"name\":\"a\",\"value\":4.9e-324}]}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_assert_true (compare (texts[i], strlen (texts[i])));
}

static void
test_left (void)
{
  static const char *const texts[] = {
    "",
    "{}",
    "[]",
    "{\"samples\":[]}",
    "{\"samples\":[{\"name\":\"a\",\"value\":1},]}",
    "{\"samples\":[{\"name\":\"a\",\"value\":1,}]}",
    "{\"samples\":[{\"name\":\"a\",\"value\":1}]}x",
    "{\"samples\":[{\"name\":\"a\",\"value\":1}]",
    "{\"samples\":[{\"name\":\"a\",\"value\":1}],\"samples\":[]}",
    "{\"samples\":[{\"name\":\"a\",\"value\":1,\"name\":\"b\"}]}",
    "{\"samples\":[{\"name\":\"a\",\"value\":1,\"labels\":{\"k\":\"1\",\"k\":\"2\"}}]}",
    "{\"samples\":[{\"name\":\"a\",\"value\":1,\"labels\":{\"k\":1}}]}",
    "{\"samples\":[{\"name\":\"a\",\"value\":1,\"t_us\":null}]}",
    "{\"samples\":[{\"name\":\"a\",\"value\":1,\"t_us\":1.5}]}",
    "{\"samples\":[{\"name\":\"\\u0061\",\"value\":1}]}",
    "{\"samples\":[{\"name\":\"a\nb\",\"value\":1}]}",
    "{\"samples\":[{\"name\":\"\xff\",\"value\":1}]}",
    "{\"samples\":[{\"name\":\"a\",\"value\":01}]}",
    "{\"samples\":[{\"name\":\"a\",\"value\":+1}]}",
    "{\"samples\":[{\"name\":\"a\",\"value\":1.}]}",
    "{\"samples\":[{\"name\":\"a\",\"value\":.5}]}",
    "{\"samples\":[{\"name\":\"a\",\"value\":-}]}",
    "{\"samples\":[{\"name\":\"a\",\"value\":1e}]}",
    "{\"samples\":[{\"name\":\"a\",\"value\":1e999}]}",
    "{\"samples\":[{\"name\":\"a\",\"value\":NaN}]}",
    "{\"samples\":[{\"name\":\"a\",\"value\":\"1\"}]}",
    "{\"samples\":[{\"name\":\"a\"}]}",
    "{\"samples\":[{\"name\":\"a\",\"value\":1,\"more\":1}]}",
    "{\"samples\":{\"name\":\"a\",\"value\":1}}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_assert_false (compare (texts[i], strlen (texts[i])));
  g_assert_false (compare ("{\"samples\":[{\"name\":\"a\0b\",\"value\":1}]}", 39));
}

/* Texts a byte or two away from good ones. */
static void
test_damaged (void)
{
  static const char good[] =
    "{\"samples\":[{\"name\":\"a.b\",\"value\":-12.5e1,\"labels\":{\"k\":\"v\",\"l\":\"\xc3\xa9\"},"
    "\"t_us\":1700000000000001},{\"name\":\"c\",\"value\":7}]}";
  static const char bytes[] = "{}[]\",:0123456789.eE+-\\ \n\tux\x01\xc3\xa9";
  guint n_taken = 0;

  for (guint round = 0; round < 200000; round++) {
    char text[sizeof good];
    gsize length = sizeof good - 1;

    memcpy (text, good, sizeof good);
    for (gint k = g_test_rand_int_range (1, 4); k > 0; k--)
      text[g_test_rand_int_range (0, (gint) length)] =
        bytes[g_test_rand_int_range (0, sizeof bytes - 1)];
    if (g_test_rand_int_range (0, 8) == 0)
      length = (gsize) g_test_rand_int_range (0, (gint) length);
    n_taken += compare (text, length);
  }
  g_assert_cmpuint (n_taken, >, 0);
}

static void
test_numbers (void)
{
  for (guint round = 0; round < 100000; round++) {
    char text[200];
    char number[64];

    switch (g_test_rand_int_range (0, 3)) {
    case 0:
      g_snprintf (number, sizeof number, "%.*f", g_test_rand_int_range (0, 12),
                  g_test_rand_double_range (-1e9, 1e9));
      break;
    case 1:
      g_snprintf (number, sizeof number, "%.17g", g_test_rand_double_range (-1, 1));
      break;
    default:
      g_snprintf (number, sizeof number, "%d.%05d", g_test_rand_int (),
                  g_test_rand_int_range (0, 100000));
    }
    g_snprintf (text, sizeof text, "{\"samples\":[{\"name\":\"a\",\"value\":%s}]}", number);
    g_assert_true (compare (text, strlen (text)));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/schema/decode-plain/taken", test_taken);
  g_test_add_func ("/schema/decode-plain/left", test_left);
  g_test_add_func ("/schema/decode-plain/damaged", test_damaged);
  g_test_add_func ("/schema/decode-plain/numbers", test_numbers);
  return g_test_run ();
}
