/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is JSON is judged as jansson judges it, and strings are read as it reads them. */
#include "otlp/orf-otlp-tree.h"

#include <jansson.h>
#include <string.h>

#include "orf-error.h"

static const OrfOtlpNode *
parse (OrfOtlpArena *arena, const char *text)
{
  orf_otlp_arena_reset (arena, 1 << 20);
  return orf_otlp_tree_parse (arena, text, strlen (text), NULL);
}

static void
assert_same (const OrfOtlpNode *node, const json_t *value)
{
  static const int types[] = {
    [ORF_OTLP_NODE_NULL] = JSON_NULL,   [ORF_OTLP_NODE_FALSE] = JSON_FALSE,
    [ORF_OTLP_NODE_TRUE] = JSON_TRUE,   [ORF_OTLP_NODE_INTEGER] = JSON_INTEGER,
    [ORF_OTLP_NODE_REAL] = JSON_REAL,   [ORF_OTLP_NODE_STRING] = JSON_STRING,
    [ORF_OTLP_NODE_ARRAY] = JSON_ARRAY, [ORF_OTLP_NODE_OBJECT] = JSON_OBJECT,
  };
  const OrfOtlpNode *child = node->first;

  g_assert_cmpint (types[node->type], ==, json_typeof (value));
  if (json_is_string (value))
    g_assert_cmpmem (node->text, node->length, json_string_value (value),
                     json_string_length (value));
  if (json_is_array (value))
    for (size_t i = 0; i < json_array_size (value); i++, child = child->next)
      assert_same (child, json_array_get (value, i));
  if (json_is_object (value)) {
    const char *key;
    json_t *member;

    json_object_foreach ((json_t *) value, key, member)
      assert_same (orf_otlp_node_get (node, key), member);
  }
}

static void
test_as_jansson (void)
{
  static const char *const texts[] = {
    "{}",
    "[]",
    " [ ] ",
    "null",
    "true",
    "false",
    "nul",
    "truee",
    "\"\"",
    "\"a",
    "\"a\\\"",
    "0",
    "-0",
    "01",
    "-",
    "1.",
    "1.5",
    ".5",
    "1e5",
    "1E+5",
    "1e-5",
    "1e308",
    "1e309",
    "-1.5e999",
    "1e-999",
    "1e",
    "1e+",
    "+1",
    "[1,2,[3,{\"a\":[]}]]",
    "[1,]",
    "[,1]",
    "[1 2]",
    "{\"a\":1}",
    "{\"a\":1,}",
    "{\"a\" : 1 , \"b\":[ ]}",
    "{a:1}",
    "{\"a\"}",
    "{\"a\":}",
    "{1:2}",
    "{\"a\":1,\"a\":2}",
    "\"\\u00e9\\n\\t\\/\\b\\f\\r\\\\\"",
    "\"\\u0000\"",
    "\"\\ud83d\\ude00x\"",
    "\"\\ud83d\"",
    "\"\\ude00\"",
    "\"\\ud83d\\u0041\"",
    "\"\\u12\"",
    "\"\\x\"",
    "\"a\tb\"",
    "\"\303\251\"",
    "\"\303\"",
    "\"\xff\\n\"",
    "\"\355\240\200\"",
    "{\"\\u0061\":\"b\"}",
    "",
    " ",
    "[[[[[[]]]]]]",
    "[[]",
    "]",
    "{}{}",
    "\"\\",
    "\"\\u",
  };
  g_autoptr (OrfOtlpArena) arena = orf_otlp_arena_new ();

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    const OrfOtlpNode *node = parse (arena, texts[i]);
    json_t *value = json_loads (texts[i], JSON_DECODE_ANY, NULL);

    g_test_message ("%s", texts[i]);
    g_assert_cmpint (node != NULL, ==, value != NULL);
    if (value != NULL)
      assert_same (node, value);
    json_decref (value);
  }
}

static void
test_bounds (void)
{
  g_autoptr (OrfOtlpArena) arena = orf_otlp_arena_new ();
  g_autofree char *deep = g_strnfill (2 * ORF_OTLP_TREE_MAX_DEPTH, '[');
  g_autofree char *many = g_strnfill (20001, '[');
  g_autoptr (GError) error = NULL, other = NULL;

  memset (deep + ORF_OTLP_TREE_MAX_DEPTH, ']', ORF_OTLP_TREE_MAX_DEPTH);
  g_assert_nonnull (parse (arena, deep));
  g_assert_null (orf_otlp_tree_parse (arena, many, 20001, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_PARSE_ERROR);
  for (guint i = 1; i < 20000; i++)
    many[i] = i % 2 ? '1' : ',';
  many[20000] = ']';
  orf_otlp_arena_reset (arena, 1 << 19);
  g_assert_null (orf_otlp_tree_parse (arena, many, 20001, &other));
  g_assert_error (other, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/otlp/tree/as-jansson", test_as_jansson);
  g_test_add_func ("/otlp/tree/bounds", test_bounds);
  return g_test_run ();
}
