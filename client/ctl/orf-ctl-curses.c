/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define NCURSES_WIDECHAR 1
#include "orf-ctl-curses.h"

#include <curses.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "orf-error.h"

#include "orf-ctl-board-view.h"

/* What stands alone is Esc: so long is waited for the rest of a key's sequence. */
#define ESCAPE_MS 50
/* Nobody has a larger one; what tells it is not to be believed. */
#define MAX_SIDE 1000

static SCREEN *screen;

static const struct {
  attr_t attributes;
  short pair; /* 0: the terminal's own colours */
  short colour;
} looks[] = {
  [ORF_CTL_PLAIN] = { A_NORMAL, 0, 0 },
  [ORF_CTL_STRONG] = { A_BOLD, 0, 0 },
  [ORF_CTL_FAINT] = { A_DIM, 0, 0 },
  [ORF_CTL_GOOD] = { A_NORMAL, 1, COLOR_GREEN },
  [ORF_CTL_WARNING] = { A_NORMAL, 2, COLOR_YELLOW },
  [ORF_CTL_BAD] = { A_BOLD, 3, COLOR_RED },
  [ORF_CTL_ACCENT] = { A_NORMAL, 4, COLOR_CYAN },
};

static gboolean has_colour;

static void
start_colours (const OrfCtlTerminal *terminal)
{
  has_colour = terminal->colour && has_colors () && start_color () == OK &&
               use_default_colors () == OK;
  for (guint i = 0; has_colour && i < G_N_ELEMENTS (looks); i++) {
    if (looks[i].pair != 0)
      init_pair (looks[i].pair, looks[i].colour, -1);
  }
}

gboolean
orf_ctl_curses_open (const OrfCtlTerminal *terminal, GError **error)
{
  screen = newterm (NULL, stdout, stdin);
  if (screen == NULL) {
    const char *term = g_getenv ("TERM");

    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                 "TERM=%s is no terminal that ncurses can draw on", term != NULL ? term : "");
    return FALSE;
  }
  start_colours (terminal);
  cbreak ();
  noecho ();
  nonl ();
  keypad (stdscr, TRUE);
  nodelay (stdscr, TRUE);
  set_escdelay (ESCAPE_MS);
  curs_set (0);
  return TRUE;
}

void
orf_ctl_curses_close (void)
{
  endwin ();
  delscreen (screen);
  screen = NULL;
}

void
orf_ctl_curses_measure (guint *width, guint *height)
{
  struct winsize size = { 0 };

  if (ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0)
    resizeterm (MIN (size.ws_row, MAX_SIDE), MIN (size.ws_col, MAX_SIDE));
  *width = (guint) COLS;
  *height = (guint) LINES;
}

static void
show_cell (int y, int x, const OrfCtlCell *cell)
{
  wchar_t text[2] = { (wchar_t) cell->c, L'\0' };
  attr_t attributes = looks[cell->style].attributes;
  cchar_t shown;

  if (cell->c == 0) /* the character before it covers it */
    return;
  setcchar (&shown, text, attributes, has_colour ? looks[cell->style].pair : 0, NULL);
  mvadd_wch (y, x, &shown);
}

void
orf_ctl_curses_show (const OrfCtlGrid *grid)
{
  guint height = MIN (orf_ctl_grid_get_height (grid), (guint) LINES);
  guint width = MIN (orf_ctl_grid_get_width (grid), (guint) COLS);

  for (guint y = 0; y < height; y++) {
    for (guint x = 0; x < width; x++)
      show_cell ((int) y, (int) x, orf_ctl_grid_get_row (grid, y) + x);
  }
  refresh ();
}

int
orf_ctl_curses_read_key (void)
{
  int key = getch ();

  switch (key) {
  case ERR:
    return -1;
  case KEY_UP:
    return ORF_CTL_KEY_UP;
  case KEY_DOWN:
    return ORF_CTL_KEY_DOWN;
  default:
    return key;
  }
}
