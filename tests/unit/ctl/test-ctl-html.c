/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-html.h"

#define START "<!DOCTYPE html>\n"

static void
assert_finished (OrfHtml *html, const char *expected)
{
  g_autofree char *text = orf_html_finish (html);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_elements (void)
{
  g_autoptr (OrfHtml) html = orf_html_new ();

  orf_html_open (html, "p", "class", "a", NULL);
  orf_html_add_text (html, "one ");
  orf_html_add (html, "b", "two", NULL);
  orf_html_add_void (html, "rect", "x", "1", "y", "2", NULL);
  orf_html_close (html);
  assert_finished (html, START "<p class=\"a\">one <b>two</b><rect x=\"1\" y=\"2\"/></p>\n");
}

static void
test_left_open (void)
{
  g_autoptr (OrfHtml) html = orf_html_new ();

  orf_html_open (html, "ul", NULL);
  orf_html_open (html, "li", NULL);
  orf_html_open (html, "b", NULL);
  orf_html_add_text (html, "x");
  assert_finished (html, START "<ul><li><b>x</b></li>\n</ul>\n");
}

/* An attribute without a value is not there; the next one is. */
static void
test_attribute_left_out (void)
{
  g_autoptr (OrfHtml) html = orf_html_new ();

  orf_html_add (html, "a", "x", "class", NULL, "href", "#y", NULL);
  assert_finished (html, START "<a href=\"#y\">x</a>");
}

static void
test_escaped (void)
{
  g_autoptr (OrfHtml) html = orf_html_new ();

  orf_html_add (html, "b", "</b><script>'\"&amp;", "title", "\" onclick='x' <>&", NULL);
  assert_finished (html, START "<b title=\"&quot; onclick=&#39;x&#39; &lt;&gt;&amp;\">"
                               "&lt;/b&gt;&lt;script&gt;&#39;&quot;&amp;amp;</b>");
}

/* What acts without being seen is told; what is only foreign stays. */
static void
test_unseen (void)
{
  g_autoptr (OrfHtml) html = orf_html_new ();

  orf_html_add_text (html, "a\u202eb\u2066c\u200ed\x1b[31m\x07\r\xc2\x85\u2028\ufeff\ufffe");
  orf_html_add_text (html, "|\té\n日本 שלום 🙂");
  assert_finished (html, START "a\\u{202e}b\\u{2066}c\\u{200e}d\\u{1b}[31m\\u{7}\\u{d}\\u{85}"
                               "\\u{2028}\\u{feff}\\u{fffe}|\té\n日本 שלום 🙂");
}

static void
test_not_utf8 (void)
{
  g_autoptr (OrfHtml) html = orf_html_new ();

  orf_html_add_text (html, "a\xff<\xc3");
  assert_finished (html, START "a\ufffd&lt;\ufffd");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ctl/html/elements", test_elements);
  g_test_add_func ("/ctl/html/left-open", test_left_open);
  g_test_add_func ("/ctl/html/attribute-left-out", test_attribute_left_out);
  g_test_add_func ("/ctl/html/escaped", test_escaped);
  g_test_add_func ("/ctl/html/unseen", test_unseen);
  g_test_add_func ("/ctl/html/not-utf8", test_not_utf8);
  return g_test_run ();
}
