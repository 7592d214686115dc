/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-grid.h"

struct _OrfCtlGrid {
  guint width, height;
  OrfCtlCell *cells; /* row by row */
};

OrfCtlGrid *
orf_ctl_grid_new (guint width, guint height)
{
  OrfCtlGrid *grid = g_new0 (OrfCtlGrid, 1);

  grid->width = width;
  grid->height = height;
  grid->cells = g_new (OrfCtlCell, (gsize) width * height);
  for (gsize i = 0; i < (gsize) width * height; i++)
    grid->cells[i] = (OrfCtlCell){ ' ', ORF_CTL_PLAIN };
  return grid;
}

void
orf_ctl_grid_free (OrfCtlGrid *grid)
{
  if (grid == NULL)
    return;
  g_free (grid->cells);
  g_free (grid);
}

guint
orf_ctl_grid_get_width (const OrfCtlGrid *grid)
{
  return grid->width;
}

guint
orf_ctl_grid_get_height (const OrfCtlGrid *grid)
{
  return grid->height;
}

const OrfCtlCell *
orf_ctl_grid_get_row (const OrfCtlGrid *grid, guint y)
{
  return grid->cells + (gsize) y * grid->width;
}

/* The line that begins at `at`, into a row; returns where it ends. */
static const char *
put_line (OrfCtlCell *row, guint width, const char *at, OrfCtlStyle *style)
{
  guint x = 0;

  while (*at != '\0' && *at != '\n') {
    gsize escape = orf_ctl_terminal_read_style (at, style);
    gunichar c = g_utf8_get_char (at);
    guint step = g_unichar_iswide (c) ? 2 : 1;

    if (escape > 0) {
      at += escape;
      continue;
    }
    at = g_utf8_next_char (at);
    if (g_unichar_iszerowidth (c))
      continue; /* a cell holds one character */
    if (x + step <= width) {
      row[x] = (OrfCtlCell){ c, *style };
      if (step == 2)
        row[x + 1] = (OrfCtlCell){ 0, *style };
    }
    x += step;
  }
  return at;
}

void
orf_ctl_grid_put (OrfCtlGrid *grid, OrfCtlArea area, const char *text)
{
  OrfCtlStyle style = ORF_CTL_PLAIN;
  guint width = area.x < grid->width ? MIN (area.width, grid->width - area.x) : 0;

  for (guint y = area.y; y < MIN (area.y + area.height, grid->height) && *text != '\0'; y++) {
    text = put_line (grid->cells + (gsize) y * grid->width + area.x, width, text, &style);
    if (*text == '\n')
      text++;
  }
}

char *
orf_ctl_grid_dup_text (const OrfCtlGrid *grid)
{
  GString *out = g_string_new (NULL);

  for (guint y = 0; y < grid->height; y++) {
    const OrfCtlCell *row = orf_ctl_grid_get_row (grid, y);

    for (guint x = 0; x < grid->width; x++) {
      if (row[x].c != 0)
        g_string_append_unichar (out, row[x].c);
    }
    while (out->len > 0 && out->str[out->len - 1] == ' ')
      g_string_truncate (out, out->len - 1);
    g_string_append_c (out, '\n');
  }
  return g_string_free (out, FALSE);
}
