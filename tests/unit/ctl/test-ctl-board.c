/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "orf-decode.h"

#include "orf-ctl-board-draw.h"

/* 2025-10-09 08:53:20 UTC */
#define NOW_US ((gint64) 1760000000000000)

/* ---- what is known ---------------------------------------------------------------------------
 * Answers as the daemon has them, but for what no part shows: decoding is lenient only of what is
 * unknown, so a part that is asked for stands here. */

static void
take (OrfCtlBoard *board, OrfCtlFeed feed, const char *text)
{
  g_autoptr (GError) error = NULL;
  gpointer result = orf_decode_text (orf_methods[orf_ctl_feeds[feed].method].result, text,
                                     strlen (text), ORF_DECODE_LENIENT, &error);

  g_assert_no_error (error);
  orf_ctl_board_take (board, feed, result, NOW_US);
}

static char *
make_alert (const char *id, const char *state)
{
  return g_strdup_printf (
    "{\"id\":\"%s\",\"rule\":\"hot\",\"severity\":\"warning\",\"state\":\"%s\",\"value\":91.5,"
    "\"threshold\":80,\"labels\":{},\"started_us\":1759999940000000,\"fired_us\":1759999940000000,"
    "\"resolved_us\":null,\"summary\":\"it is hot\\u001b[31m\",\"help\":null,\"runbook\":null,"
    "\"silenced_by\":null,\"inhibited_by\":null,\"acknowledged\":null}",
    id, state);
}

static void
take_alerts (OrfCtlBoard *board, guint n)
{
  g_autoptr (GString) text = g_string_new ("{\"alerts\":[");

  for (guint i = 0; i < n; i++) {
    g_autofree char *id = g_strdup_printf ("al-%u", i);
    g_autofree char *alert = make_alert (id, "firing");

    g_string_append_printf (text, "%s%s", i > 0 ? "," : "", alert);
  }
  g_string_append (text, "],\"next_cursor\":null}");
  take (board, ORF_CTL_FEED_ALERTS, text->str);
}

static void
take_workers (OrfCtlBoard *board, guint n)
{
  g_autoptr (GString) text = g_string_new ("{\"workers\":[");

  /* the later the name the less it holds, and the less its pid */
  for (guint i = 0; i < n; i++)
    g_string_append_printf (
      text,
      "%s{\"worker\":\"w-%u\",\"name\":\"name-%u\",\"device\":\"gpu-%u\",\"pid\":%u,"
      "\"state\":\"connected\",\"source\":\"registered\",\"capabilities\":[],\"registered_us\":1,"
      "\"reported_us\":1,\"lost_us\":null,\"allocated_bytes\":1,\"reserved_bytes\":%s,"
      "\"active_bytes\":null,\"inactive_split_bytes\":null,\"largest_free_bytes\":null,"
      "\"ooms\":null,\"retries\":null,\"batches\":7}",
      i > 0 ? "," : "", i, n - i, i % 2, 100 + (i * 7) % 5,
      i == 0   ? "null"
      : i == 1 ? "2048"
               : "4096");
  g_string_append (text, "],\"next_cursor\":null}");
  take (board, ORF_CTL_FEED_WORKERS, text->str);
}

/* ---- what is drawn --------------------------------------------------------------------------- */

static char *
draw (const OrfCtlBoard *board, const OrfCtlView *view, guint width, guint height, gboolean utf8)
{
  g_autoptr (OrfCtlGrid) grid = orf_ctl_grid_new (width, height);
  OrfCtlScene scene = {
    board, view, { .is_terminal = TRUE, .utf8 = utf8, .colour = TRUE }, NOW_US + 1, "the socket"
  };

  orf_ctl_board_draw (&scene, grid);
  return orf_ctl_grid_dup_text (grid);
}

static void
assert_order (const char *text, const char *first, const char *second)
{
  const char *at = strstr (text, first);

  g_assert_nonnull (at);
  g_assert_nonnull (strstr (at, second));
}

static void
test_nothing_yet (void)
{
  g_autoptr (OrfCtlBoard) board = orf_ctl_board_new ();
  OrfCtlView view = { 0 };
  g_autofree char *text = draw (board, &view, 80, 24, FALSE);
  g_autofree char *none = draw (board, &view, 0, 0, FALSE);

  g_assert_true (g_str_is_ascii (text));
  g_assert_nonnull (strstr (text, "connecting"));
  g_assert_nonnull (strstr (text, "ALERT: waiting\n"));
  g_assert_nonnull (strstr (text, "HEALTH    waiting\n"));
  g_assert_cmpstr (none, ==, "");
}

static void
test_loss (void)
{
  g_autoptr (OrfCtlBoard) board = orf_ctl_board_new ();
  OrfCtlView view = { 0 };
  g_autofree char *lost = NULL;
  g_autofree char *back = NULL;

  take_alerts (board, 1);
  orf_ctl_board_lose (board, "nobody there");
  orf_ctl_board_refuse (board, ORF_CTL_FEED_CACHE, "the cache is off");
  lost = draw (board, &view, 80, 24, TRUE);
  g_assert_nonnull (strstr (lost, "STALE: as it was just now"));
  g_assert_nonnull (strstr (lost, "\nnobody there\n"));
  g_assert_nonnull (strstr (lost, "al-0")); /* what was known stays */
  g_assert_nonnull (strstr (lost, "CACHE     the cache is off\n"));
  take_alerts (board, 0);
  back = draw (board, &view, 80, 24, TRUE);
  g_assert_nonnull (strstr (back, "live"));
  g_assert_null (strstr (back, "nobody there"));
  g_assert_nonnull (strstr (back, "ALERT: nothing fires\n"));
}

/* However little room there is, the chosen alert is seen; and what others want does not take it. */
static void
test_room (void)
{
  g_autoptr (OrfCtlBoard) board = orf_ctl_board_new ();
  OrfCtlView view = { .alert = (char *) "al-40" };

  take_alerts (board, 50);
  take_workers (board, 50);
  for (guint height = 20; height <= 60; height += 20) {
    g_autofree char *text = draw (board, &view, 80, height, TRUE);
    g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

    g_assert_nonnull (strstr (text, "> al-40"));
    g_assert_nonnull (strstr (text, "it is hot?[31m")); /* not a terminal's order */
    g_assert_nonnull (strstr (text, "ALERT (50)"));
    g_assert_nonnull (strstr (text, "WORKER (50)"));
    g_assert_true (g_str_has_prefix (lines[height - 1], "q ends"));
    g_assert_cmpuint (g_strv_length (lines), ==, height + 1);
  }
}

static void
test_order (void)
{
  g_autoptr (OrfCtlBoard) board = orf_ctl_board_new ();
  OrfCtlView view = { 0 };
  g_autofree char *by_memory = NULL;
  g_autofree char *by_name = NULL;
  g_autofree char *alone = NULL;

  take_workers (board, 3);
  by_memory = draw (board, &view, 80, 24, TRUE);
  assert_order (by_memory, "name-1", "name-2");
  assert_order (by_memory, "name-2", "name-3"); /* unknown: last */
  view.order = ORF_CTL_ORDER_PID;
  g_assert_cmpint (orf_ctl_view_press (&view, board, 's'), ==, ORF_CTL_ACTION_NONE);
  g_assert_cmpint (view.order, ==, ORF_CTL_ORDER_MEMORY);
  orf_ctl_view_press (&view, board, 's');
  by_name = draw (board, &view, 80, 24, TRUE);
  assert_order (by_name, "name-1", "name-2");
  assert_order (by_name, "name-2", "name-3");
  view.device = (char *) "gpu-1";
  alone = draw (board, &view, 80, 24, TRUE);
  g_assert_nonnull (strstr (alone, "name-2"));
  g_assert_null (strstr (alone, "name-1"));
}

static void
take_status (OrfCtlBoard *board, const char *roles)
{
  g_autoptr (OrfStatusGetResult) status = g_new0 (OrfStatusGetResult, 1);

  /* all else of an answer of this size is of no concern here */
  status->roles = g_strsplit (roles, ",", -1);
  status->version = g_strdup ("1");
  status->reasons = g_ptr_array_new ();
  orf_ctl_board_take (board, ORF_CTL_FEED_STATUS, g_steal_pointer (&status), NOW_US);
}

static void
test_acknowledge (void)
{
  g_autoptr (OrfCtlBoard) board = orf_ctl_board_new ();
  OrfCtlView view = { 0 };
  g_autofree char *question = NULL;

  orf_ctl_view_press (&view, board, 'j');
  g_assert_cmpstr (view.note, ==, "no alert is active");
  take_alerts (board, 2);
  orf_ctl_view_press (&view, board, 'a');
  g_assert_false (view.asks); /* none was chosen */
  orf_ctl_view_press (&view, board, ORF_CTL_KEY_DOWN);
  g_assert_cmpstr (view.alert, ==, "al-0");
  orf_ctl_view_press (&view, board, ORF_CTL_KEY_DOWN);
  orf_ctl_view_press (&view, board, ORF_CTL_KEY_DOWN);
  g_assert_cmpstr (view.alert, ==, "al-1");
  take_status (board, "read");
  orf_ctl_view_press (&view, board, 'a');
  g_assert_false (view.asks); /* the caller may not */
  take_status (board, "read,operate");
  orf_ctl_view_press (&view, board, 'a');
  g_assert_true (view.asks);
  question = draw (board, &view, 80, 24, TRUE);
  g_assert_nonnull (strstr (question, "Acknowledge al-1"));
  /* a key that ends the program elsewhere says no here */
  g_assert_cmpint (orf_ctl_view_press (&view, board, 'q'), ==, ORF_CTL_ACTION_NONE);
  orf_ctl_view_press (&view, board, 'a');
  g_assert_cmpint (orf_ctl_view_press (&view, board, 'y'), ==, ORF_CTL_ACTION_ACKNOWLEDGE);
  g_assert_cmpint (orf_ctl_view_press (&view, board, 'q'), ==, ORF_CTL_ACTION_QUIT);
  orf_ctl_view_clear (&view);
}

static void
test_help (void)
{
  g_autoptr (OrfCtlBoard) board = orf_ctl_board_new ();
  OrfCtlView view = { 0 };
  g_autofree char *help = NULL;

  orf_ctl_view_press (&view, board, '?');
  help = draw (board, &view, 80, 24, TRUE);
  for (guint i = 0; orf_ctl_view_keys[i] != NULL; i++)
    g_assert_nonnull (strstr (help, strchr (orf_ctl_view_keys[i], '\t') + 1));
  orf_ctl_view_press (&view, board, 27);
  g_assert_false (view.helps);
}

/* ---- the grid -------------------------------------------------------------------------------- */

static void
test_grid (void)
{
  g_autoptr (OrfCtlGrid) grid = orf_ctl_grid_new (6, 3);
  const OrfCtlCell *row = orf_ctl_grid_get_row (grid, 0);
  g_autofree char *text = NULL;

  /* a wide one at the edge is left out whole, and a mark that takes no cell too */
  orf_ctl_grid_put (grid, (OrfCtlArea){ 1, 0, 9, 2 }, "\033[31ma日\033[0me\xcc\x81日本\nb\nnever");
  orf_ctl_grid_put (grid, (OrfCtlArea){ 7, 2, 4, 1 }, "off");
  orf_ctl_grid_put (grid, (OrfCtlArea){ 0, 2, 2, 1 }, "cut");
  text = orf_ctl_grid_dup_text (grid);
  g_assert_cmpstr (text, ==, " a日e\n b\ncu\n");
  g_assert_cmpint (row[1].style, ==, ORF_CTL_BAD);
  g_assert_cmpuint (row[3].c, ==, 0);
  g_assert_cmpint (row[3].style, ==, ORF_CTL_BAD);
  g_assert_cmpint (row[4].style, ==, ORF_CTL_PLAIN);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/board/nothing-yet", test_nothing_yet);
  g_test_add_func ("/board/loss", test_loss);
  g_test_add_func ("/board/room", test_room);
  g_test_add_func ("/board/order", test_order);
  g_test_add_func ("/board/acknowledge", test_acknowledge);
  g_test_add_func ("/board/help", test_help);
  g_test_add_func ("/grid/cells", test_grid);
  return g_test_run ();
}
