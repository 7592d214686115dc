/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "orf-error.h"
#include "orf-report.h"

/* What anyone may have put into a name, a note or a statement. */
#define ATTACK "\"'></td></svg><script>alert(1)</script><img src=x onerror=y>\u202e\x1b[2J&lt;"

static json_t *
load_document (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "tests", "unit", "ctl",
                                                 "postmortem.json", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;
  json_t *document;

  g_file_get_contents (path, &text, &length, &error);
  g_assert_no_error (error);
  document = orf_json_parse (text, length, ORF_JSON_MAX_DEPTH, &error);
  g_assert_no_error (error);
  return document;
}

/* Every element that is opened is closed, in order, and text has nothing of an element in it. */
static void
assert_balanced (const char *page)
{
  g_autoptr (GPtrArray) open = g_ptr_array_new_with_free_func (g_free);

  for (const char *at = strchr (page + 1, '<'); at != NULL; at = strchr (at + 1, '<')) {
    const char *end = strchr (at, '>');
    gboolean closes = at[1] == '/';
    g_autofree char *name = NULL;

    g_assert_nonnull (end);
    name = g_strndup (at + 1 + closes, strcspn (at + 1 + closes, " />"));
    if (!closes && end[-1] != '/') {
      g_ptr_array_add (open, g_steal_pointer (&name));
    } else if (closes) {
      g_assert_cmpuint (open->len, >, 0);
      g_assert_cmpstr (open->pdata[open->len - 1], ==, name);
      g_ptr_array_set_size (open, (int) open->len - 1);
    }
  }
  g_assert_cmpuint (open->len, ==, 0);
}

static char *
render (json_t *document)
{
  g_autoptr (GError) error = NULL;
  char *page = orf_report_render (document, &error);

  g_assert_no_error (error);
  assert_balanced (page);
  g_assert_null (strstr (page, "<script"));
  g_assert_null (strstr (page, "<img"));
  g_assert_null (strstr (page, "\u202e"));
  g_assert_null (strchr (page, '\x1b'));
  return page;
}

/* One fact of each section and column: a member that is misspelt shows nothing. */
static void
test_facts (void)
{
  static const char *const facts[] = {
    "<title>Post-mortem: out of memory: trainer-1</title>",
    "2026-11-22 10:00:00Z</time> to <time",
    ", 2h</dd>",
    "i-7",
    "<a href=\"#traces\">Traces</a>",
    "<span>worker</span> <code>trainer-1</code>, since",
    "confidence <b>high</b>",
    "The leak began 64 s after the deploy &quot;trainer 2.4&quot;.",
    "deploy: 1</title>",
    "nvidia-0: high</td>",
    "+270 %",
    "0.20/s",
    "214 series were compared.",
    "queue.&lt;script&gt;",
    "<b>78.0 of 80.0 GiB</b> were in use",
    "<span class=\"sev critical\">critical</span>",
    "python3 serve.py",
    "<p class=\"muted\">4.00 GiB more were in use by nobody that is known",
    "72 %",
    "Grown in the window",
    "Who ran out of memory",
    "Taken again",
    "partial, 1.50 GiB freed of 2.00 GiB claimed",
    "nvidia-0 is at 91 %",
    "trainer-1 ran out of memory",
    "looking",
    "19.2 GiB to 20.9 GiB",
    "+1825 %",
    "Failed before",
    "<code>model forward</code>: 3.90 s, 93 %",
    "Spans of trace 0af7651916cd43dd8448eb211c80319c",
    "On the critical path",
    "Hits 61 %, before 94 %.",
    "10.0.0.2:6379",
    "until <time datetime=\"2026-11-22T11:35:00.000000Z\">",
    "Of the warnings 1 came true, 0 did not.",
    "came_true",
    "Within their interval",
    "what it cost in EUR",
    "4.98",
    "99.5 % of the window was recorded.",
    "the daemon was killed: it began anew",
    "SELECT * FROM v_cleanup WHERE",
  };
  g_autoptr (json_t) document = load_document ();
  g_autofree char *page = render (document);

  for (guint i = 0; i < G_N_ELEMENTS (facts); i++)
    if (strstr (page, facts[i]) == NULL)
      g_test_fail_printf ("not on the page: %s", facts[i]);
  for (const OrfReportSection *one = orf_report_sections; one->name != NULL; one++)
    g_assert_null (strstr (page, one->none));
}

/* Nothing is loaded, by anything that could. */
static void
test_self_contained (void)
{
  static const char *const loaders[] = { " src=",   "url(",    "@import", "<link",
                                         "<iframe", "http:/",  "https:/", " style=",
                                         " on",     "<object", "<base",   "javascript:" };
  g_autoptr (json_t) document = load_document ();
  g_autofree char *page = render (document);

  for (guint i = 0; i < G_N_ELEMENTS (loaders); i++) {
    const char *found = strstr (page, loaders[i]);

    /* " on" also begins words: only in a tag is it an attribute */
    while (found != NULL && strchr (found, '>') > strchr (found, '<'))
      found = strstr (found + 1, loaders[i]);
    g_assert_cmpstr (found, ==, NULL);
  }
  g_assert_nonnull (strstr (page, "content=\"default-src &#39;none&#39;; style-src &#39;sha256-"));
}

/* ---- documents that nobody meant ------------------------------------------------------------- */

typedef json_t *(*Twist) (json_t *value);

/* The same document with each value made into another. */
static json_t *
twist_all (json_t *value, Twist twist)
{
  const char *name;
  json_t *member, *made;
  gsize i;

  if (json_is_object (value)) {
    made = json_object ();
    json_object_foreach (value, name, member)
      json_object_set_new (made, name, twist_all (member, twist));
    return made;
  }
  if (!json_is_array (value))
    return twist (value);
  made = json_array ();
  json_array_foreach (value, i, member) json_array_append_new (made, twist_all (member, twist));
  return made;
}

static json_t *
attack (json_t *value)
{
  return json_is_string (value) ? json_string (ATTACK) : json_incref (value);
}

static json_t *
change_type (json_t *value)
{
  if (json_is_string (value))
    return json_integer (-1);
  return json_is_number (value) ? json_string ("x") : json_object ();
}

static json_t *
make_extreme (json_t *value)
{
  return json_is_number (value) ? json_real (-9e15) : json_incref (value);
}

static json_t *
make_huge (json_t *value)
{
  return json_is_number (value) ? json_real (1e300) : json_incref (value);
}

static json_t *
forget (G_GNUC_UNUSED json_t *value)
{
  return json_null ();
}

static void
test_twisted (void)
{
  static const Twist twists[] = { attack, change_type, make_extreme, make_huge, forget };
  g_autoptr (json_t) document = load_document ();

  for (guint i = 0; i < G_N_ELEMENTS (twists); i++) {
    g_autoptr (json_t) twisted = twist_all (document, twists[i]);
    g_autofree char *page = render (twisted);

    g_assert_nonnull (page);
  }
}

static void
test_attack_is_shown (void)
{
  g_autoptr (json_t) document = load_document ();
  g_autoptr (json_t) attacked = twist_all (document, attack);
  g_autofree char *page = render (attacked);

  g_assert_nonnull (strstr (page, "&quot;&#39;&gt;&lt;/td&gt;&lt;/svg&gt;&lt;script&gt;alert(1)"));
  g_assert_nonnull (strstr (page, "\\u{202e}\\u{1b}[2J&amp;lt;"));
}

/* Each section says that it has nothing. */
static void
test_empty (void)
{
  g_autoptr (json_t) document = json_object ();
  g_autofree char *page = render (document);

  for (const OrfReportSection *one = orf_report_sections; one->name != NULL; one++)
    g_assert_nonnull (strstr (page, one->none));
}

static void
test_no_object (void)
{
  g_autofree char *page = render (NULL);

  g_assert_nonnull (page);
}

/* A cell ends where nobody reads on; a page that would be too large has less, and says so. */
static void
test_too_large (void)
{
  g_autoptr (json_t) document = load_document ();
  json_t *rows = json_object_get (json_object_get (document, "timeline"), "rows");
  g_autofree char *long_text = g_strnfill (5000, 'x');
  g_autofree char *page = NULL;
  g_autoptr (GError) error = NULL;

  json_object_set_new (json_array_get (rows, 0), "text", json_string (long_text));
  page = render (document);
  g_assert_null (strstr (page, long_text));
  g_assert_nonnull (strstr (page, "xxx…"));
  for (guint i = 0; i < 5000; i++)
    json_array_append (rows, json_array_get (rows, 0));
  g_free (page);
  page = render (document);
  g_assert_cmpuint (strlen (page), <=, ORF_REPORT_MAX_BYTES);
  g_assert_nonnull (strstr (page, "100 of 5008 are here, or the page would be too large"));
  g_free (long_text);
  long_text = g_strnfill (ORF_REPORT_MAX_BYTES, 'x');
  json_object_set_new (json_object_get (document, "timeline"), "sql", json_string (long_text));
  g_assert_null (orf_report_render (document, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ctl/report/facts", test_facts);
  g_test_add_func ("/ctl/report/self-contained", test_self_contained);
  g_test_add_func ("/ctl/report/twisted", test_twisted);
  g_test_add_func ("/ctl/report/attack-is-shown", test_attack_is_shown);
  g_test_add_func ("/ctl/report/empty", test_empty);
  g_test_add_func ("/ctl/report/no-object", test_no_object);
  g_test_add_func ("/ctl/report/too-large", test_too_large);
  return g_test_run ();
}
