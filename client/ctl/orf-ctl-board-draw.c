/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-board-draw.h"

/* From here on the tables stand in two columns, which are still as wide as a small terminal. */
#define TWO_COLUMNS_WIDTH 164
#define COLUMN_GAP        2

typedef struct {
  void (*append) (const OrfCtlScene *scene, GString *out);
  guint least; /* lines that it is given before others get more than theirs */
  gboolean goes_right;
} Section;

/* From the top.  The least of all of them fit 80 by 24 with two devices. */
static const Section sections[] = {
  { orf_ctl_board_append_head, 2, FALSE },      { orf_ctl_board_append_health, 1, FALSE },
  { orf_ctl_board_append_devices, 3, FALSE },   { orf_ctl_board_append_host, 1, FALSE },
  { orf_ctl_board_append_cache, 1, FALSE },     { orf_ctl_board_append_requests, 1, FALSE },
  { orf_ctl_board_append_expected, 2, FALSE },  { orf_ctl_board_append_alerts, 3, FALSE },
  { orf_ctl_board_append_anomalies, 2, FALSE }, { orf_ctl_board_append_processes, 2, TRUE },
  { orf_ctl_board_append_workers, 2, TRUE },    { orf_ctl_board_append_operations, 1, TRUE },
};
#define N_SECTIONS G_N_ELEMENTS (sections)

/* Each its least, from the top; then a line each in turn to those who want more. */
static void
share_lines (const Section *const *placed, guint n, const guint *wanted, guint height, guint *given)
{
  gboolean any = TRUE;

  for (guint i = 0; i < n; i++) {
    given[i] = MIN (MIN (wanted[i], placed[i]->least), height);
    height -= given[i];
  }
  while (any && height > 0) {
    any = FALSE;
    for (guint i = 0; i < n && height > 0; i++) {
      if (given[i] >= wanted[i])
        continue;
      given[i]++;
      height--;
      any = TRUE;
    }
  }
}

/* The sections of one column, below each other. */
static void
draw_column (const OrfCtlScene *scene,
             OrfCtlGrid *grid,
             const Section *const *placed,
             guint n,
             OrfCtlArea area)
{
  OrfCtlScene narrow = *scene;
  GString *texts[N_SECTIONS];
  guint wanted[N_SECTIONS];
  guint given[N_SECTIONS];

  narrow.terminal.width = area.width;
  for (guint i = 0; i < n; i++) {
    texts[i] = g_string_new (NULL);
    placed[i]->append (&narrow, texts[i]);
    wanted[i] = orf_ctl_text_count_lines (texts[i]->str);
  }
  share_lines (placed, n, wanted, area.height, given);
  for (guint i = 0; i < n; i++) {
    area.height = given[i];
    orf_ctl_grid_put (grid, area, texts[i]->str);
    area.y += given[i];
    g_string_free (texts[i], TRUE);
  }
}

static void
draw_sections (const OrfCtlScene *scene, OrfCtlGrid *grid, guint height)
{
  const Section *left[N_SECTIONS];
  const Section *right[N_SECTIONS];
  guint width = orf_ctl_grid_get_width (grid);
  gboolean two = width >= TWO_COLUMNS_WIDTH;
  guint left_width = two ? (width - COLUMN_GAP) / 2 : width;
  guint n_left = 0;
  guint n_right = 0;

  for (guint i = 0; i < N_SECTIONS; i++) {
    if (two && sections[i].goes_right)
      right[n_right++] = &sections[i];
    else
      left[n_left++] = &sections[i];
  }
  draw_column (scene, grid, left, n_left, (OrfCtlArea){ 0, 0, left_width, height });
  if (two)
    draw_column (scene, grid, right, n_right,
                 (OrfCtlArea){ left_width + COLUMN_GAP, 0, width - left_width - COLUMN_GAP,
                               height });
}

static void
draw_help (const OrfCtlScene *scene, OrfCtlGrid *grid, guint height)
{
  g_autoptr (GString) out = g_string_new (NULL);

  orf_ctl_terminal_append (&scene->terminal, out, ORF_CTL_STRONG, "Keys");
  g_string_append (out, "\n\n");
  for (guint i = 0; orf_ctl_view_keys[i] != NULL; i++) {
    g_auto (GStrv) pair = g_strsplit (orf_ctl_view_keys[i], "\t", 2);
    g_autofree char *key = g_strdup_printf ("  %-16s", pair[0]);

    orf_ctl_terminal_append (&scene->terminal, out, ORF_CTL_ACCENT, key);
    g_string_append_printf (out, "%s\n", pair[1]);
  }
  orf_ctl_grid_put (grid, (OrfCtlArea){ 0, 0, orf_ctl_grid_get_width (grid), height }, out->str);
}

void
orf_ctl_board_draw (const OrfCtlScene *scene, OrfCtlGrid *grid)
{
  g_autoptr (GString) foot = g_string_new (NULL);
  guint width = orf_ctl_grid_get_width (grid);
  guint height = orf_ctl_grid_get_height (grid);

  if (height == 0)
    return;
  if (scene->view->helps)
    draw_help (scene, grid, height - 1);
  else
    draw_sections (scene, grid, height - 1);
  orf_ctl_board_append_foot (scene, foot);
  orf_ctl_grid_put (grid, (OrfCtlArea){ 0, height - 1, width, 1 }, foot->str);
}
