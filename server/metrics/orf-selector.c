/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-selector.h"

#include <string.h>
#include <time.h>

#include "core/orf-clock.h"
#include "metrics/orf-scanner.h"
#include "metrics/orf-series-name.h"
#include "orf-error.h"

/* Steps of one match: a value has at most 256 bytes, so what needs more has gone astray.  It stands
 * before the user's pattern, inside of which such a verb is not one. */
#define MATCH_LIMIT       "(*LIMIT_MATCH=100000)"
#define MAX_PATTERN_BYTES 1024
/* Of one look: twenty thousand series take some tens of milliseconds, by a pattern that does not go
 * astray.  One that stays just below the steps of a match, a millisecond, would hold its thread,
 * which is the main one, for twenty seconds. */
#define LOOK_US (250 * ORF_US_PER_MS)
/* The clock is read for each so many matches. */
#define LOOK_EVERY   16
#define MAX_MATCHERS 64
/* What a name has beside letters, digits and _. */
#define NAME_MORE ".:/-"

#define ALLOWED "name{label=\"value\",…} with =, !=, =~ and !~"

typedef struct {
  char *key;
  char *value;
  GRegex *regex; /* of =~ and !~ */
  gboolean negated;
  guint position;    /* of the value in the text, for what only a match can find out */
  const char *field; /* static: the parameter that the text came in */
} Matcher;

struct _OrfSelector {
  char *name; /* NULL: any */
  GArray *matchers;
};

static void
matcher_clear (gpointer data)
{
  Matcher *matcher = data;

  g_free (matcher->key);
  g_free (matcher->value);
  g_clear_pointer (&matcher->regex, g_regex_unref);
}

/* What a backslash and this stand for; 0: nothing. */
static char
unescape (char c, char quote)
{
  if (c == 'n')
    return '\n';
  return c == '\\' || c == '"' || c == quote ? c : '\0';
}

/* In double or single quotes, with the escapes of canonical text.  In a pattern any other backslash
 * is the pattern's own, so that "\d" and "\\d" are the same there. */
static char *
take_string (OrfScanner *scanner, gboolean pattern)
{
  g_autoptr (GString) value = g_string_new (NULL);
  char quote;

  orf_scanner_skip_blanks (scanner);
  quote = *scanner->at;
  if (quote != '"' && quote != '\'') {
    orf_scanner_fail (scanner, "a value in quotes");
    return NULL;
  }
  for (scanner->at++; *scanner->at != quote; scanner->at++) {
    char c = *scanner->at;

    if (c == '\\' && unescape (scanner->at[1], quote) != '\0')
      c = unescape (*++scanner->at, quote);
    else if (c == '\\' && !pattern) {
      orf_scanner_fail (scanner, "\\\\, \\\" or \\n");
      return NULL;
    }
    if (*scanner->at == '\0') {
      orf_scanner_fail (scanner, "the quote that ends the value");
      return NULL;
    }
    g_string_append_c (value, c);
  }
  scanner->at++;
  return g_string_free (g_steal_pointer (&value), FALSE);
}

static GError *
new_pattern_error (const Matcher *matcher, const char *problem)
{
  return orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, matcher->field, ALLOWED,
                              "%s: the regular expression at position %u: %s", matcher->field,
                              matcher->position, problem);
}

/* The pattern alone must be one: "a)|(?:b" would else be one only in the group, and not anchored.
 * (*ACCEPT) would end the match before the anchor, and no other verb is of use in a value. */
static gboolean
compile (const OrfScanner *scanner, Matcher *matcher)
{
  const GRegexCompileFlags flags = G_REGEX_DOLLAR_ENDONLY | G_REGEX_DOTALL;
  g_autofree char *whole = g_strconcat (MATCH_LIMIT "^(?:", matcher->value, ")$", NULL);
  g_autoptr (GRegex) alone = NULL;
  g_autoptr (GError) local = NULL;

  if (strlen (matcher->value) > MAX_PATTERN_BYTES) {
    g_propagate_error (scanner->error, new_pattern_error (matcher, "longer than 1024 bytes"));
    return FALSE;
  }
  if (strstr (matcher->value, "(*") != NULL) {
    g_propagate_error (scanner->error, new_pattern_error (matcher, "(*VERB) is not taken"));
    return FALSE;
  }
  alone = g_regex_new (matcher->value, flags, 0, &local);
  if (alone != NULL)
    matcher->regex = g_regex_new (whole, flags, 0, &local);
  if (matcher->regex != NULL)
    return TRUE;
  g_propagate_error (scanner->error, new_pattern_error (matcher, local->message));
  return FALSE;
}

static gboolean
parse_matcher (OrfScanner *scanner, Matcher *matcher)
{
  gboolean pattern;

  matcher->key = orf_scanner_take_word (scanner, "");
  if (matcher->key == NULL)
    return orf_scanner_fail (scanner, "a label");
  /* the longer ones first */
  if (orf_scanner_take (scanner, "=~"))
    pattern = TRUE;
  else if (orf_scanner_take (scanner, "!~"))
    pattern = matcher->negated = TRUE;
  else if (orf_scanner_take (scanner, "!=")) {
    pattern = FALSE;
    matcher->negated = TRUE;
  } else if (orf_scanner_take (scanner, "=")) {
    pattern = FALSE;
  } else {
    return orf_scanner_fail (scanner, "=, !=, =~ or !~");
  }
  orf_scanner_skip_blanks (scanner);
  matcher->position = orf_scanner_get_position (scanner);
  matcher->field = scanner->field;
  matcher->value = take_string (scanner, pattern);
  if (matcher->value == NULL)
    return FALSE;
  return !pattern || compile (scanner, matcher);
}

static gboolean
parse_matchers (OrfScanner *scanner, OrfSelector *selector)
{
  while (!orf_scanner_take (scanner, "}")) {
    Matcher matcher = { NULL };
    gboolean good = parse_matcher (scanner, &matcher);

    g_array_append_val (selector->matchers, matcher);
    if (!good)
      return FALSE;
    if (selector->matchers->len > MAX_MATCHERS)
      return orf_scanner_fail (scanner, "at most 64 matchers");
    if (!orf_scanner_take (scanner, ",") && *scanner->at != '}')
      return orf_scanner_fail (scanner, "a comma or }");
  }
  return TRUE;
}

/* __name__="x" says as much as a name before the braces. */
static void
adopt_name (OrfSelector *selector)
{
  for (guint i = 0; i < selector->matchers->len && selector->name == NULL; i++) {
    const Matcher *matcher = &g_array_index (selector->matchers, Matcher, i);

    if (g_str_equal (matcher->key, "__name__") && matcher->regex == NULL && !matcher->negated)
      selector->name = g_strdup (matcher->value);
  }
}

/* name: taken already, or NULL; it is taken over. */
static OrfSelector *
parse_rest (OrfScanner *scanner, char *name)
{
  g_autoptr (OrfSelector) selector = g_new0 (OrfSelector, 1);

  selector->matchers = g_array_new (FALSE, FALSE, sizeof (Matcher));
  g_array_set_clear_func (selector->matchers, matcher_clear);
  selector->name = name;
  if (orf_scanner_take (scanner, "{")) {
    if (!parse_matchers (scanner, selector))
      return NULL;
  } else if (selector->name == NULL) {
    orf_scanner_fail (scanner, "a name or {");
    return NULL;
  }
  adopt_name (selector);
  return g_steal_pointer (&selector);
}

OrfSelector *
orf_selector_parse (const char *text, GError **error)
{
  OrfScanner scanner = { text, text, "select", ALLOWED, error };
  g_autoptr (OrfSelector)
    selector = parse_rest (&scanner, orf_scanner_take_word (&scanner, NAME_MORE));

  if (selector == NULL)
    return NULL;
  orf_scanner_skip_blanks (&scanner);
  if (*scanner.at != '\0') {
    orf_scanner_fail (&scanner, "the end");
    return NULL;
  }
  return g_steal_pointer (&selector);
}

gsize
orf_selector_measure_name (const char *text)
{
  gsize length = 0;

  if (g_ascii_isdigit (*text))
    return 0;
  while (g_ascii_isalnum (text[length]) || text[length] == '_' ||
         (text[length] != '\0' && strchr (NAME_MORE, text[length]) != NULL))
    length++;
  while (length > 0 && (text[length - 1] == '-' || text[length - 1] == '/'))
    length--;
  return length;
}

OrfSelector *
orf_selector_parse_within (const char *text, guint *position, GError **error)
{
  OrfScanner scanner = { text, text + *position, "expr", ALLOWED, error };
  gsize length = orf_selector_measure_name (scanner.at);
  char *name = length > 0 ? g_strndup (scanner.at, length) : NULL;
  g_autoptr (OrfSelector) selector = NULL;

  scanner.at += length;
  selector = parse_rest (&scanner, name);
  if (selector != NULL)
    *position = orf_scanner_get_position (&scanner);
  return g_steal_pointer (&selector);
}

void
orf_selector_free (OrfSelector *selector)
{
  g_free (selector->name);
  g_array_unref (selector->matchers);
  g_free (selector);
}

const char *
orf_selector_get_name (const OrfSelector *selector)
{
  return selector->name;
}

static gboolean
match_one (const Matcher *matcher, const char *value, gboolean *matches, GError **error)
{
  g_autoptr (GError) local = NULL;
  gboolean equal;

  if (matcher->regex == NULL) {
    equal = g_str_equal (matcher->value, value);
  } else {
    equal = g_regex_match_full (matcher->regex, value, -1, 0, 0, NULL, &local);
    if (local != NULL) {
      g_propagate_error (error, new_pattern_error (matcher, "takes too long to match"));
      return FALSE;
    }
  }
  *matches = equal != matcher->negated;
  return TRUE;
}

gboolean
orf_selector_match (const OrfSelector *selector,
                    const char *name,
                    char *const *labels,
                    gboolean *matches,
                    GError **error)
{
  gboolean all = selector->name == NULL || g_str_equal (selector->name, name);

  for (guint i = 0; i < selector->matchers->len && all; i++) {
    const Matcher *matcher = &g_array_index (selector->matchers, Matcher, i);
    const char *value = g_str_equal (matcher->key, "__name__")
                          ? name
                          : orf_series_name_get_label (labels, matcher->key);

    if (!match_one (matcher, value != NULL ? value : "", &all, error))
      return FALSE;
  }
  *matches = all;
  return TRUE;
}

/* ---- many ------------------------------------------------------------------------------------ */

/* What the thread itself has used, so that a busy machine makes no pattern slow. */
static gint64
get_cpu_us (void)
{
  struct timespec used;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &used);
  return used.tv_sec * ORF_US_PER_S + used.tv_nsec / 1000;
}

/* NULL: none of them is one. */
static const Matcher *
find_pattern (const OrfSelector *selector)
{
  for (guint i = 0; i < selector->matchers->len; i++)
    if (g_array_index (selector->matchers, Matcher, i).regex != NULL)
      return &g_array_index (selector->matchers, Matcher, i);
  return NULL;
}

gboolean
orf_selector_match_next (const OrfSelector *selector,
                         OrfSelectorLook *look,
                         const char *name,
                         char *const *labels,
                         gboolean *matches,
                         GError **error)
{
  const Matcher *pattern = look->n_matches++ % LOOK_EVERY == 0 ? find_pattern (selector) : NULL;

  if (pattern != NULL && look->began_us == 0) {
    look->began_us = get_cpu_us ();
  } else if (pattern != NULL && get_cpu_us () - look->began_us > LOOK_US) {
    g_propagate_error (error,
                       new_pattern_error (pattern, "takes too long to match so many series"));
    return FALSE;
  }
  return orf_selector_match (selector, name, labels, matches, error);
}
