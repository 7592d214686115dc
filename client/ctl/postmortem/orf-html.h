/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * HTML, and SVG within it, written from the start to the end.  Elements and names of attributes are
 * ours; every text and every value may be anyone's: it is escaped here and nowhere else.  What
 * would not be seen but acts on what is (controls, directions of writing) is shown as its number
 * instead.
 */
typedef struct _OrfHtml OrfHtml;

OrfHtml *orf_html_new (void);
void orf_html_free (OrfHtml *html);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfHtml, orf_html_free)

/* Attributes are pairs of a name and a value, ended by NULL; one whose value is NULL is left out.
 */
void orf_html_open (OrfHtml *html, const char *element, ...) G_GNUC_NULL_TERMINATED;
/* The innermost that is open. */
void orf_html_close (OrfHtml *html);
/* One that never has anything in it: <meta …>, and of SVG <rect …/>. */
void orf_html_add_void (OrfHtml *html, const char *element, ...) G_GNUC_NULL_TERMINATED;
/* Opened, with a text, and closed. */
void
orf_html_add (OrfHtml *html, const char *element, const char *text, ...) G_GNUC_NULL_TERMINATED;
void orf_html_add_text (OrfHtml *html, const char *text);
/* <style>: css is ours, and has no "</". */
void orf_html_add_style (OrfHtml *html, const char *css);

/* A number that no other call on this writer gives, for ids. */
guint orf_html_next_number (OrfHtml *html);
gsize orf_html_get_length (const OrfHtml *html);

/* Closes what is open; the document, for the caller to free.  Nothing is added after that. */
char *orf_html_finish (OrfHtml *html);

G_END_DECLS
