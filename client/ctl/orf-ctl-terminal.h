/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What standard output can show. */
typedef struct {
  gboolean is_terminal;
  gboolean utf8;
  gboolean colour;
  gboolean can_redraw; /* knows how to go back to lines above */
  guint width;         /* columns; 0: no limit (a pipe) */
  guint height;        /* lines; 0: no limit */
} OrfCtlTerminal;

/* What a text means, not how it looks. */
typedef enum {
  ORF_CTL_PLAIN,
  ORF_CTL_STRONG,
  ORF_CTL_FAINT,
  ORF_CTL_GOOD,
  ORF_CTL_WARNING,
  ORF_CTL_BAD,
  ORF_CTL_ACCENT,
} OrfCtlStyle;

/* Needs setlocale (LC_CTYPE, "") before.  Honours NO_COLOR, TERM=dumb and COLUMNS. */
void orf_ctl_terminal_probe (OrfCtlTerminal *terminal, int fd);

/* Text from outside, made harmless: no control characters (which could drive the terminal), valid
 * UTF-8, and where the terminal is not UTF-8 nothing but ASCII. */
char *orf_ctl_terminal_clean (const OrfCtlTerminal *terminal, const char *text);
/* Whole output for a terminal, of which parts were not made harmless: of control characters only
 * line ends and our own styles are left. */
char *orf_ctl_terminal_guard (const char *text);
/* The text in its style; text is used as it is, and NULL is a dash: a newer daemon has values that
 * we have no word for. */
void orf_ctl_terminal_append (const OrfCtlTerminal *terminal,
                              GString *out,
                              OrfCtlStyle style,
                              const char *text);
/* Where `at` begins or ends a style as append wrote it: the bytes of that, and the style from there
 * on; else 0. */
gsize orf_ctl_terminal_read_style (const char *at, OrfCtlStyle *style);
/* Stands for what is not known. */
const char *orf_ctl_terminal_get_dash (const OrfCtlTerminal *terminal);
/* Between two facts on one line. */
const char *orf_ctl_terminal_get_dot (const OrfCtlTerminal *terminal);
/* Columns that a text takes. */
guint orf_ctl_text_width (const char *text);
/* Lines that end in it. */
guint orf_ctl_text_count_lines (const char *text);

G_END_DECLS
