/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-board-view.h"

#define ESCAPE 27

const char *const orf_ctl_view_keys[] = {
  "q, Ctrl-C\tends",
  "?\tthis, and back",
  "p, space\tholds the screen as it is, and goes on",
  "d\tthe next device alone, then all of them again",
  "s\tsorts processes and workers by memory, name or pid",
  "up, down, k, j\tchoose an alert",
  "a\tacknowledges that alert, once you have said yes",
  "Esc\tno alert, all devices",
  NULL,
};

const char *
orf_ctl_order_to_string (OrfCtlOrder order)
{
  static const char *const names[] = { "memory", "name", "pid" };

  return names[order];
}

void
orf_ctl_view_clear (OrfCtlView *view)
{
  g_clear_pointer (&view->device, g_free);
  g_clear_pointer (&view->alert, g_free);
  g_clear_pointer (&view->note, g_free);
}

void
orf_ctl_view_take_note (OrfCtlView *view, char *text)
{
  g_free (view->note);
  view->note = text;
}

/* After the last one all of them. */
static void
choose_device (OrfCtlView *view, const OrfCtlBoard *board)
{
  const OrfGpuListResult *list = orf_ctl_board_get (board, ORF_CTL_FEED_DEVICES);
  guint next = 0;

  for (guint i = 0; view->device != NULL && list != NULL && i < list->devices->len; i++) {
    if (g_str_equal (((const OrfGpuDevice *) list->devices->pdata[i])->device, view->device))
      next = i + 1;
  }
  g_clear_pointer (&view->device, g_free);
  if (list != NULL && next < list->devices->len)
    view->device = g_strdup (((const OrfGpuDevice *) list->devices->pdata[next])->device);
}

static void
choose_alert (OrfCtlView *view, const OrfCtlBoard *board, int step)
{
  const OrfAlertsListResult *list = orf_ctl_board_get (board, ORF_CTL_FEED_ALERTS);
  int at = orf_ctl_board_find_alert (board, view->alert);
  int n = list != NULL ? (int) list->alerts->len : 0;

  g_clear_pointer (&view->alert, g_free);
  if (n == 0)
    orf_ctl_view_take_note (view, g_strdup ("no alert is active"));
  else
    view->alert = g_strdup (
      ((const OrfAlertInfo *) list->alerts->pdata[at < 0 ? 0 : CLAMP (at + step, 0, n - 1)])->id);
}

static void
ask (OrfCtlView *view, const OrfCtlBoard *board)
{
  if (orf_ctl_board_find_alert (board, view->alert) < 0)
    orf_ctl_view_take_note (view, g_strdup ("choose an alert first, with up and down"));
  else if (!orf_ctl_board_may (board, "operate"))
    orf_ctl_view_take_note (view, g_strdup ("to acknowledge takes the role operate"));
  else
    view->asks = TRUE;
}

static OrfCtlAction
answer (OrfCtlView *view, int key)
{
  view->asks = FALSE;
  if (key == 'y' || key == 'Y')
    return ORF_CTL_ACTION_ACKNOWLEDGE;
  orf_ctl_view_take_note (view, g_strdup ("not acknowledged"));
  return ORF_CTL_ACTION_NONE;
}

OrfCtlAction
orf_ctl_view_press (OrfCtlView *view, const OrfCtlBoard *board, int key)
{
  orf_ctl_view_take_note (view, NULL);
  if (view->asks)
    return answer (view, key);
  switch (key) {
  case 'q':
  case 'Q':
    return ORF_CTL_ACTION_QUIT;
  case '?':
  case 'h':
    view->helps = !view->helps;
    break;
  case 'p':
  case ' ':
    view->is_held = !view->is_held;
    break;
  case 's':
    view->order = (view->order + 1) % ORF_CTL_N_ORDERS;
    break;
  case 'd':
    choose_device (view, board);
    break;
  case 'k':
  case ORF_CTL_KEY_UP:
    choose_alert (view, board, -1);
    break;
  case 'j':
  case ORF_CTL_KEY_DOWN:
    choose_alert (view, board, 1);
    break;
  case 'a':
    ask (view, board);
    break;
  case ESCAPE:
    view->helps = FALSE;
    g_clear_pointer (&view->alert, g_free);
    g_clear_pointer (&view->device, g_free);
    break;
  default:
    break;
  }
  return ORF_CTL_ACTION_NONE;
}
