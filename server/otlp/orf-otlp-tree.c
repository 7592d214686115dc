/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "otlp/orf-otlp-tree.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "orf-error.h"
#include "otlp/orf-otlp-message.h"

typedef struct {
  OrfOtlpArena *arena;
  const char *at, *end;
  guint depth;
} Parser;

static OrfOtlpNode *parse_value (Parser *parser);

static void
skip_space (Parser *parser)
{
  while (parser->at < parser->end &&
         (*parser->at == ' ' || *parser->at == '\t' || *parser->at == '\n' || *parser->at == '\r'))
    parser->at++;
}

static gboolean
take (Parser *parser, char c)
{
  if (parser->at == parser->end || *parser->at != c)
    return FALSE;
  parser->at++;
  return TRUE;
}

static OrfOtlpNode *
new_node (Parser *parser, OrfOtlpNodeType type)
{
  OrfOtlpNode *node = orf_otlp_arena_alloc0 (parser->arena, sizeof *node);

  if (node != NULL)
    node->type = type;
  return node;
}

/* ---- strings --------------------------------------------------------------------------------- */

static gboolean
take_hex (Parser *parser, gunichar *unit)
{
  *unit = 0;
  if (parser->end - parser->at < 4)
    return FALSE;
  for (guint i = 0; i < 4; i++) {
    int digit = g_ascii_xdigit_value (*parser->at++);

    if (digit < 0)
      return FALSE;
    *unit = *unit << 4 | (gunichar) digit;
  }
  return TRUE;
}

/* What stands behind \u; of a pair of surrogates, both. */
static gboolean
take_unicode (Parser *parser, gunichar *c)
{
  gunichar low;

  if (!take_hex (parser, c) || *c == 0 || (*c >= 0xdc00 && *c < 0xe000))
    return FALSE;
  if (*c < 0xd800 || *c >= 0xe000)
    return TRUE;
  if (!take (parser, '\\') || !take (parser, 'u') || !take_hex (parser, &low) || low < 0xdc00 ||
      low >= 0xe000)
    return FALSE;
  *c = 0x10000 + ((*c - 0xd800) << 10) + (low - 0xdc00);
  return TRUE;
}

/* What stands behind a backslash, in at most 6 bytes. */
static gboolean
take_escape (Parser *parser, char *out, gsize *n_out)
{
  static const char plain[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
  const char *found;
  gunichar c;

  if (parser->at == parser->end)
    return FALSE;
  if (take (parser, 'u')) {
    if (!take_unicode (parser, &c))
      return FALSE;
    *n_out += (gsize) g_unichar_to_utf8 (c, out + *n_out);
    return TRUE;
  }
  found = *parser->at != '\0' ? strchr (plain, *parser->at) : NULL;
  if (found == NULL)
    return FALSE;
  parser->at++;
  out[(*n_out)++] = meant[found - plain];
  return TRUE;
}

/* Up to a quote, an escape, or what no string has. */
static const char *
scan (const Parser *parser, gboolean *high)
{
  const char *at = parser->at;
  guint8 all = 0;

  for (; at < parser->end && *at != '"' && *at != '\\' && (guint8) *at >= 0x20; at++)
    all |= (guint8) *at;
  *high |= all >= 0x80;
  return at;
}

/* A string with escapes: it becomes no longer by reading them. */
static gboolean
copy_string (Parser *parser, const char *begin, const char **text, gsize *length)
{
  gsize n = (gsize) (parser->at - begin);
  const char *close = begin;
  gboolean high = FALSE;
  char *copy;

  while (close < parser->end && *close != '"')
    close += *close == '\\' ? 2 : 1;
  if (close >= parser->end)
    return FALSE;
  copy = orf_otlp_arena_alloc (parser->arena, (gsize) (close - begin) + 6);
  if (copy == NULL)
    return FALSE;
  memcpy (copy, begin, n);
  while (!take (parser, '"')) {
    const char *from = parser->at;

    parser->at = scan (parser, &high);
    memcpy (copy + n, from, (gsize) (parser->at - from));
    n += (gsize) (parser->at - from);
    if (take (parser, '\\') ? !take_escape (parser, copy, &n)
                            : parser->at == parser->end || *parser->at != '"')
      return FALSE;
  }
  *text = copy;
  *length = n;
  return g_utf8_validate_len (copy, n, NULL);
}

/* Behind the quote that begins it. */
static gboolean
take_string (Parser *parser, const char **text, gsize *length)
{
  const char *begin = parser->at;
  gboolean high = FALSE;

  parser->at = scan (parser, &high);
  if (parser->at == parser->end)
    return FALSE;
  if (*parser->at == '\\')
    return copy_string (parser, begin, text, length);
  *text = begin;
  *length = (gsize) (parser->at - begin);
  return take (parser, '"') && (!high || g_utf8_validate_len (begin, *length, NULL));
}

/* ---- numbers and words ----------------------------------------------------------------------- */

static gboolean
take_digits (Parser *parser)
{
  const char *from = parser->at;

  while (parser->at < parser->end && g_ascii_isdigit (*parser->at))
    parser->at++;
  return parser->at > from;
}

/* A number beyond a double is none to those whom it is told. */
static gboolean
is_finite_number (const char *text, gsize length)
{
  g_autofree char *copy = g_strndup (text, length);

  return isfinite (g_ascii_strtod (copy, NULL));
}

static OrfOtlpNode *
parse_number (Parser *parser)
{
  const char *from = parser->at;
  OrfOtlpNodeType type = ORF_OTLP_NODE_INTEGER;
  gboolean scaled = FALSE;
  OrfOtlpNode *node;

  take (parser, '-');
  if (!take (parser, '0') && !take_digits (parser))
    return NULL;
  if (take (parser, '.')) {
    type = ORF_OTLP_NODE_REAL;
    if (!take_digits (parser))
      return NULL;
  }
  if (take (parser, 'e') || take (parser, 'E')) {
    type = ORF_OTLP_NODE_REAL;
    scaled = TRUE;
    if (!take (parser, '+'))
      take (parser, '-');
    if (!take_digits (parser))
      return NULL;
  }
  if ((scaled || parser->at - from > DBL_MAX_10_EXP) &&
      !is_finite_number (from, (gsize) (parser->at - from)))
    return NULL;
  node = new_node (parser, type);
  if (node != NULL) {
    node->text = from;
    node->length = (gsize) (parser->at - from);
  }
  return node;
}

static OrfOtlpNode *
parse_word (Parser *parser)
{
  static const struct {
    const char *word;
    OrfOtlpNodeType type;
  } words[] = { { "null", ORF_OTLP_NODE_NULL },
                { "true", ORF_OTLP_NODE_TRUE },
                { "false", ORF_OTLP_NODE_FALSE } };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++) {
    gsize length = strlen (words[i].word);

    if ((gsize) (parser->end - parser->at) >= length &&
        memcmp (parser->at, words[i].word, length) == 0) {
      parser->at += length;
      return new_node (parser, words[i].type);
    }
  }
  return NULL;
}

/* ---- arrays and objects ---------------------------------------------------------------------- */

static OrfOtlpNode *
parse_member (Parser *parser, gboolean named)
{
  const char *key = NULL;
  gsize key_length = 0;
  OrfOtlpNode *node;

  skip_space (parser);
  if (named) {
    if (!take (parser, '"') || !take_string (parser, &key, &key_length))
      return NULL;
    skip_space (parser);
    if (!take (parser, ':'))
      return NULL;
    skip_space (parser);
  }
  node = parse_value (parser);
  if (node != NULL) {
    node->key = key;
    node->key_length = key_length;
  }
  return node;
}

static OrfOtlpNode *
parse_children (Parser *parser, OrfOtlpNodeType type, char close)
{
  OrfOtlpNode *node = new_node (parser, type), **last;

  if (node == NULL || parser->depth == ORF_OTLP_TREE_MAX_DEPTH)
    return NULL;
  parser->at++;
  skip_space (parser);
  if (take (parser, close))
    return node;
  parser->depth++;
  last = &node->first;
  do {
    *last = parse_member (parser, type == ORF_OTLP_NODE_OBJECT);
    if (*last == NULL)
      return NULL;
    last = &(*last)->next;
    node->n_children++;
    skip_space (parser);
  } while (take (parser, ','));
  parser->depth--;
  return take (parser, close) ? node : NULL;
}

static OrfOtlpNode *
parse_string (Parser *parser)
{
  OrfOtlpNode *node = new_node (parser, ORF_OTLP_NODE_STRING);

  parser->at++;
  return node != NULL && take_string (parser, &node->text, &node->length) ? node : NULL;
}

static OrfOtlpNode *
parse_value (Parser *parser)
{
  if (parser->at == parser->end)
    return NULL;
  switch (*parser->at) {
  case '{':
    return parse_children (parser, ORF_OTLP_NODE_OBJECT, '}');
  case '[':
    return parse_children (parser, ORF_OTLP_NODE_ARRAY, ']');
  case '"':
    return parse_string (parser);
  case 'n':
  case 't':
  case 'f':
    return parse_word (parser);
  default:
    return parse_number (parser);
  }
}

OrfOtlpNode *
orf_otlp_tree_parse (OrfOtlpArena *arena, const char *text, gsize length, GError **error)
{
  Parser parser = { arena, text, text + length, 0 };
  OrfOtlpNode *node;

  skip_space (&parser);
  node = parse_value (&parser);
  skip_space (&parser);
  if (node != NULL && parser.at == parser.end)
    return node;
  if (orf_otlp_arena_is_exhausted (arena))
    orf_otlp_message_set_too_large (error);
  else
    g_set_error (error, ORF_ERROR, ORF_ERROR_PARSE_ERROR,
                 "the body is no JSON, or nested deeper than %d, at byte %" G_GSIZE_FORMAT,
                 ORF_OTLP_TREE_MAX_DEPTH, (gsize) (parser.at - text));
  return NULL;
}

/* ---- looking ----------------------------------------------------------------------------------
 */

gboolean
orf_otlp_node_has_key (const OrfOtlpNode *node, const char *key)
{
  return strncmp (node->key, key, node->key_length) == 0 && key[node->key_length] == '\0';
}

const OrfOtlpNode *
orf_otlp_node_get (const OrfOtlpNode *node, const char *key)
{
  const OrfOtlpNode *found = NULL;
  gsize length = strlen (key);

  if (!orf_otlp_node_is (node, ORF_OTLP_NODE_OBJECT))
    return NULL;
  for (const OrfOtlpNode *child = node->first; child != NULL; child = child->next)
    if (child->key_length == length && memcmp (child->key, key, length) == 0)
      found = child;
  return found;
}

gboolean
orf_otlp_node_is_null (const OrfOtlpNode *node)
{
  return node == NULL || node->type == ORF_OTLP_NODE_NULL;
}

gboolean
orf_otlp_node_is (const OrfOtlpNode *node, OrfOtlpNodeType type)
{
  return node != NULL && node->type == type;
}
