/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <langinfo.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "orf-ctl-terminal.h"

/* What a terminal is taken to be when neither it nor COLUMNS tells. */
#define FALLBACK_WIDTH  80
#define FALLBACK_HEIGHT 24
/* Narrower than this no layout of ours works. */
#define MIN_WIDTH 40

#define ESCAPE_END "\033[0m"

static const char *const escapes[] = {
  [ORF_CTL_PLAIN] = NULL,        [ORF_CTL_STRONG] = "\033[1m",   [ORF_CTL_FAINT] = "\033[2m",
  [ORF_CTL_GOOD] = "\033[32m",   [ORF_CTL_WARNING] = "\033[33m", [ORF_CTL_BAD] = "\033[31m",
  [ORF_CTL_ACCENT] = "\033[36m",
};

static guint
probe_width (int fd)
{
  const char *columns = g_getenv ("COLUMNS");
  struct winsize size = { 0 };
  guint64 width;

  if (columns != NULL && g_ascii_string_to_unsigned (columns, 10, 1, 10000, &width, NULL))
    return MAX ((guint) width, MIN_WIDTH);
  if (ioctl (fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return MAX (size.ws_col, MIN_WIDTH);
  return FALLBACK_WIDTH;
}

static guint
probe_height (int fd)
{
  struct winsize size = { 0 };

  return ioctl (fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : FALLBACK_HEIGHT;
}

void
orf_ctl_terminal_probe (OrfCtlTerminal *terminal, int fd)
{
  const char *no_color = g_getenv ("NO_COLOR");
  const char *term = g_getenv ("TERM");

  terminal->is_terminal = isatty (fd);
  terminal->utf8 = g_str_equal (nl_langinfo (CODESET), "UTF-8");
  terminal->colour = terminal->is_terminal && (no_color == NULL || *no_color == '\0') &&
                     g_strcmp0 (term, "dumb") != 0;
  terminal->can_redraw = terminal->is_terminal && term != NULL && !g_str_equal (term, "dumb");
  terminal->width = terminal->is_terminal ? probe_width (fd) : 0;
  terminal->height = terminal->is_terminal ? probe_height (fd) : 0;
}

/* Also what turns the direction of writing, or is not seen. */
static gboolean
drives_terminal (gunichar c)
{
  return g_unichar_iscntrl (c) || g_unichar_type (c) == G_UNICODE_FORMAT;
}

char *
orf_ctl_terminal_clean (const OrfCtlTerminal *terminal, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  gboolean keep_utf8 = terminal->utf8 || !terminal->is_terminal;
  GString *out = g_string_sized_new (strlen (valid));

  for (const char *at = valid; *at != '\0'; at = g_utf8_next_char (at)) {
    gunichar c = g_utf8_get_char (at);

    if (c == '\t' || c == '\n')
      g_string_append_c (out, ' ');
    else if (drives_terminal (c))
      g_string_append_c (out, '?');
    else if (c < 128 || keep_utf8)
      g_string_append_unichar (out, c);
    else
      g_string_append_c (out, '?');
  }
  return g_string_free (out, FALSE);
}

char *
orf_ctl_terminal_guard (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *out = g_string_sized_new (strlen (valid));
  OrfCtlStyle style;

  for (const char *at = valid; *at != '\0';) {
    gunichar c = g_utf8_get_char (at);
    gsize own = orf_ctl_terminal_read_style (at, &style);
    gsize length = own > 0 ? own : (gsize) (g_utf8_next_char (at) - at);

    if (own == 0 && drives_terminal (c) && c != '\n' && c != '\t' && !g_str_has_prefix (at, "\r\n"))
      g_string_append_c (out, '?');
    else
      g_string_append_len (out, at, (gssize) length);
    at += length;
  }
  return g_string_free (out, FALSE);
}

void
orf_ctl_terminal_append (const OrfCtlTerminal *terminal,
                         GString *out,
                         OrfCtlStyle style,
                         const char *text)
{
  if (text == NULL)
    text = orf_ctl_terminal_get_dash (terminal);
  if (!terminal->colour || escapes[style] == NULL || *text == '\0') {
    g_string_append (out, text);
    return;
  }
  g_string_append (out, escapes[style]);
  g_string_append (out, text);
  g_string_append (out, ESCAPE_END);
}

gsize
orf_ctl_terminal_read_style (const char *at, OrfCtlStyle *style)
{
  if (*at != '\033')
    return 0;
  for (guint i = 0; i < G_N_ELEMENTS (escapes); i++) {
    if (escapes[i] != NULL && g_str_has_prefix (at, escapes[i])) {
      *style = (OrfCtlStyle) i;
      return strlen (escapes[i]);
    }
  }
  if (!g_str_has_prefix (at, ESCAPE_END))
    return 0;
  *style = ORF_CTL_PLAIN;
  return strlen (ESCAPE_END);
}

const char *
orf_ctl_terminal_get_dash (const OrfCtlTerminal *terminal)
{
  return terminal->is_terminal && terminal->utf8 ? "–" : "-";
}

const char *
orf_ctl_terminal_get_dot (const OrfCtlTerminal *terminal)
{
  return terminal->is_terminal && terminal->utf8 ? " · " : ", ";
}

guint
orf_ctl_text_width (const char *text)
{
  guint width = 0;

  for (; *text != '\0'; text = g_utf8_next_char (text)) {
    gunichar c = g_utf8_get_char (text);

    if (!g_unichar_iszerowidth (c))
      width += g_unichar_iswide (c) ? 2 : 1;
  }
  return width;
}

guint
orf_ctl_text_count_lines (const char *text)
{
  guint n = 0;

  for (; (text = strchr (text, '\n')) != NULL; text++)
    n++;
  return n;
}
