/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "otlp/orf-otlp-labels.h"

#include <string.h>

#include "metrics/orf-series-name.h"
#include "otlp/orf-otlp-attribute.h"

/* A KeyValue of a string. */
static GString *
make_attribute (const char *key, const char *value)
{
  g_autoptr (GString) any = g_string_new (NULL);
  GString *made = g_string_new (NULL);

  orf_otlp_wire_add_bytes (any, 1, value, strlen (value));
  orf_otlp_wire_add_bytes (made, 1, key, strlen (key));
  orf_otlp_wire_add_bytes (made, 2, any->str, any->len);
  return made;
}

static void
add (OrfOtlpLabels *labels, const char *key, const char *value)
{
  g_autoptr (GString) made = make_attribute (key, value);

  g_assert_true (orf_otlp_labels_add_attribute (labels, (OrfOtlpBytes){ (const guint8 *) made->str,
                                                                        made->len }));
}

static char *
tell (OrfOtlpLabels *labels, const char *key, const char *value)
{
  g_auto (GStrv) made = orf_otlp_labels_make (labels, key, value);

  g_assert_true (orf_series_name_check_labels (made, 16, "labels", NULL));
  return orf_series_name_to_text ("m", made);
}

static void
expect (OrfOtlpLabels *labels, const char *text)
{
  g_autofree char *told = tell (labels, "le", "1");

  g_assert_cmpstr (told, ==, text);
}

static void
test_keys (void)
{
  g_autoptr (OrfOtlpLabels) labels = orf_otlp_labels_new ();

  expect (labels, "m{le=\"1\"}");
  add (labels, "z.b", "2");
  add (labels, "z-b", "1");
  add (labels, "0", "digit");
  add (labels, "none", "");
  expect (labels, "m{key_0=\"digit\",le=\"1\",z_b=\"1;2\"}");
  orf_otlp_labels_clear (labels);
  /* ours go before an attribute's, however often */
  orf_otlp_labels_set (labels, "exported_le", "own");
  add (labels, "le", "theirs");
  expect (labels, "m{exported_exported_le=\"theirs\",exported_le=\"own\",le=\"1\"}");
}

/* A point may have any number of attributes of one key: what they cost grows with their number, and
 * beyond what could mean something they are refused. */
static void
test_many (void)
{
  g_autoptr (OrfOtlpLabels) labels = orf_otlp_labels_new ();
  g_autoptr (GString) value = g_string_new ("1");
  g_autoptr (GString) text = NULL;
  g_autoptr (GString) one = make_attribute ("le", "1");
  const OrfOtlpBytes bytes = { (const guint8 *) one->str, one->len };

  orf_otlp_labels_set (labels, "le", "own");
  for (guint i = 1; i < 50; i++)
    g_string_append (value, ";1");
  for (guint i = 0; i < 50; i++)
    add (labels, "job", "1");
  orf_otlp_labels_set (labels, "job", "own");
  text = g_string_new (NULL);
  g_string_printf (text, "m{exported_job=\"%s\",job=\"own\",le=\"own\"}", value->str);
  {
    g_autofree char *told = tell (labels, NULL, NULL);

    g_assert_cmpstr (told, ==, text->str);
  }

  orf_otlp_labels_clear (labels);
  for (guint i = 0; i < 64; i++)
    g_assert_true (orf_otlp_labels_add_attribute (labels, bytes));
  g_assert_false (orf_otlp_labels_add_attribute (labels, bytes));
  g_assert_false (orf_otlp_labels_add_attribute (labels, bytes));
  orf_otlp_labels_clear (labels);
  g_assert_true (orf_otlp_labels_add_attribute (labels, bytes));
}

static void
test_resource (void)
{
  static const char *const promote[] = { "host.name", NULL };
  g_autoptr (OrfOtlpLabels) labels = orf_otlp_labels_new ();
  g_autoptr (GString) resource = g_string_new (NULL);
  static const char *const pairs[][2] = {
    { "service.name", "n" },
    { "service.instance.id", "7" },
    { "service.namespace", "s" },
    { "host.name", "h" },
    { "other", "o" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++) {
    g_autoptr (GString) one = make_attribute (pairs[i][0], pairs[i][1]);

    orf_otlp_wire_add_bytes (resource, 1, one->str, one->len);
  }
  g_assert_true (
    orf_otlp_labels_set_resource (labels,
                                  (OrfOtlpBytes){ (const guint8 *) resource->str, resource->len },
                                  (char *const *) promote));
  expect (labels, "m{host_name=\"h\",instance=\"7\",job=\"s/n\",le=\"1\"}");
  g_assert_false (orf_otlp_labels_set_resource (
    labels, (OrfOtlpBytes){ (const guint8 *) resource->str, resource->len - 1 },
    (char *const *) promote));
}

/* Lists in each other, as deep as asked. */
static GString *
make_nested (guint depth)
{
  GString *any = g_string_new (NULL);
  GString *made = g_string_new (NULL);

  for (guint i = 0; i < depth; i++) {
    g_autoptr (GString) list = g_string_new (NULL);

    orf_otlp_wire_add_bytes (list, 1, any->str, any->len);
    g_string_truncate (any, 0);
    orf_otlp_wire_add_bytes (any, 5, list->str, list->len);
  }
  orf_otlp_wire_add_bytes (made, 1, "k", 1);
  orf_otlp_wire_add_bytes (made, 2, any->str, any->len);
  g_string_free (any, TRUE);
  return made;
}

static void
test_depth (void)
{
  g_autoptr (GString) value = g_string_new (NULL);
  OrfOtlpBytes key;

  for (guint depth = 1; depth < 100000; depth = depth < 20 ? depth + 1 : depth * 10) {
    g_autoptr (GString) nested = make_nested (depth);

    g_assert_cmpint (orf_otlp_attribute_read (
                       (OrfOtlpBytes){ (const guint8 *) nested->str, nested->len }, &key, value),
                     ==, depth <= ORF_OTLP_MAX_DEPTH);
    if (depth == 2)
      g_assert_cmpstr (value->str, ==, "[[null]]");
  }
}

static void
test_text (void)
{
  g_autoptr (GString) latin = make_attribute ("k", "\xe9");
  g_autoptr (GString) value = g_string_new (NULL);
  OrfOtlpBytes key;

  g_assert_false (
    orf_otlp_attribute_read ((OrfOtlpBytes){ (const guint8 *) latin->str, latin->len }, &key,
                             value));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/otlp/labels/keys", test_keys);
  g_test_add_func ("/otlp/labels/many", test_many);
  g_test_add_func ("/otlp/labels/resource", test_resource);
  g_test_add_func ("/otlp/attribute/depth", test_depth);
  g_test_add_func ("/otlp/attribute/text", test_text);
  return g_test_run ();
}
