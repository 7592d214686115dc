/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-html.h"

#include <stdarg.h>
#include <string.h>

struct _OrfHtml {
  GString *out;
  GPtrArray *open; /* names, ours */
  guint number;
};

OrfHtml *
orf_html_new (void)
{
  OrfHtml *html = g_new0 (OrfHtml, 1);

  html->out = g_string_new ("<!DOCTYPE html>\n");
  html->open = g_ptr_array_new ();
  return html;
}

void
orf_html_free (OrfHtml *html)
{
  if (html->out != NULL)
    g_string_free (html->out, TRUE);
  g_ptr_array_unref (html->open);
  g_free (html);
}

/* ---- texts ----------------------------------------------------------------------------------- */

/* Not seen, or no character at all, by Unicode 15. */
static gboolean
is_unseen (gunichar c)
{
  if (c == '\n' || c == '\t')
    return FALSE;
  switch (g_unichar_type (c)) {
  case G_UNICODE_CONTROL:
  case G_UNICODE_FORMAT:
  case G_UNICODE_SURROGATE:
  case G_UNICODE_LINE_SEPARATOR:
  case G_UNICODE_PARAGRAPH_SEPARATOR:
    return TRUE;
  default:
    return (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef);
  }
}

static const char *
get_entity (gunichar c)
{
  switch (c) {
  case '&':
    return "&amp;";
  case '<':
    return "&lt;";
  case '>':
    return "&gt;";
  case '"':
    return "&quot;";
  case '\'':
    return "&#39;";
  default:
    return NULL;
  }
}

static void
append_escaped (GString *out, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);

  for (const char *at = valid; *at != '\0'; at = g_utf8_next_char (at)) {
    gunichar c = g_utf8_get_char (at);
    const char *entity = get_entity (c);

    if (entity != NULL)
      g_string_append (out, entity);
    else if (is_unseen (c))
      g_string_append_printf (out, "\\u{%x}", c);
    else
      g_string_append_unichar (out, c);
  }
}

void
orf_html_add_text (OrfHtml *html, const char *text)
{
  append_escaped (html->out, text);
}

void
orf_html_add_style (OrfHtml *html, const char *css)
{
  g_return_if_fail (strstr (css, "</") == NULL);
  g_string_append_printf (html->out, "<style>%s</style>\n", css);
}

/* ---- elements -------------------------------------------------------------------------------- */

static void
append_start (OrfHtml *html, const char *element, va_list pairs)
{
  const char *name;

  g_string_append_printf (html->out, "<%s", element);
  while ((name = va_arg (pairs, const char *)) != NULL) {
    const char *value = va_arg (pairs, const char *);

    if (value == NULL)
      continue;
    g_string_append_printf (html->out, " %s=\"", name);
    append_escaped (html->out, value);
    g_string_append_c (html->out, '"');
  }
}

/* Lines for who looks at the source: after what is no part of running text. */
static gboolean
ends_line (const char *element)
{
  static const char *const within[] = { "a", "b", "code", "span", "time", "pre", "bdi", NULL };

  return !g_strv_contains (within, element);
}

static void
push (OrfHtml *html, const char *element, va_list pairs)
{
  append_start (html, element, pairs);
  g_string_append_c (html->out, '>');
  g_ptr_array_add (html->open, (gpointer) element);
}

void
orf_html_open (OrfHtml *html, const char *element, ...)
{
  va_list pairs;

  va_start (pairs, element);
  push (html, element, pairs);
  va_end (pairs);
}

void
orf_html_close (OrfHtml *html)
{
  const char *element;

  g_return_if_fail (html->open->len > 0);
  element = g_ptr_array_steal_index (html->open, html->open->len - 1);
  g_string_append_printf (html->out, "</%s>", element);
  if (ends_line (element))
    g_string_append_c (html->out, '\n');
}

void
orf_html_add_void (OrfHtml *html, const char *element, ...)
{
  va_list pairs;

  va_start (pairs, element);
  append_start (html, element, pairs);
  va_end (pairs);
  g_string_append (html->out, "/>");
}

void
orf_html_add (OrfHtml *html, const char *element, const char *text, ...)
{
  va_list pairs;

  va_start (pairs, text);
  push (html, element, pairs);
  va_end (pairs);
  orf_html_add_text (html, text);
  orf_html_close (html);
}

/* ---- the whole ------------------------------------------------------------------------------- */

guint
orf_html_next_number (OrfHtml *html)
{
  return ++html->number;
}

gsize
orf_html_get_length (const OrfHtml *html)
{
  return html->out->len;
}

char *
orf_html_finish (OrfHtml *html)
{
  while (html->open->len > 0)
    orf_html_close (html);
  return g_string_free (g_steal_pointer (&html->out), FALSE);
}
