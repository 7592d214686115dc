/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "orf-error.h"

#include "orf-ctl-board-draw.h"
#include "orf-ctl-curses.h"
#include "orf-ctl-feeder.h"
#include "orf-ctl-watch.h"

/* The clock and the ages move by themselves. */
#define TICK_MS 1000

enum { POLL_KEYS, POLL_SIGNALS, POLL_NEWS, N_POLLS };

typedef struct {
  OrfCtlBoard *board;
  OrfCtlFeeder *feeder;
  OrfCtlView view;
  OrfCtlTerminal terminal;
  char *address;
  guint width, height;
} Watch;

static gboolean
check_terminal (const OrfCtl *ctl, GError **error)
{
  if (orf_ctl_get_terminal (ctl)->can_redraw && isatty (STDIN_FILENO) && !orf_ctl_wants_json (ctl))
    return TRUE;
  g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                       "watch needs a terminal that it can draw on (no pipe, no TERM=dumb, no "
                       "--json): `status`, `alerts watch`, `anomalies watch` and `metrics watch` "
                       "write lines");
  return FALSE;
}

static char *
dup_address (const OrfCtlTarget *target)
{
  if (target->url != NULL)
    return g_strdup (target->url);
  return target->socket != NULL ? g_strdup (target->socket) : orf_ctl_dup_default_socket ();
}

static void
draw (const Watch *watch)
{
  g_autoptr (OrfCtlGrid) grid = orf_ctl_grid_new (watch->width, watch->height);
  OrfCtlScene scene = { watch->board, &watch->view, watch->terminal, g_get_real_time (),
                        watch->address };

  orf_ctl_board_draw (&scene, grid);
  orf_ctl_curses_show (grid);
}

static void
take_news (Watch *watch, OrfCtlNews *news)
{
  gint64 now_us = g_get_real_time ();

  switch (news->kind) {
  case ORF_CTL_NEWS_RESULT:
    if (!watch->view.is_held)
      orf_ctl_board_take (watch->board, news->feed, g_steal_pointer (&news->result), now_us);
    break;
  case ORF_CTL_NEWS_REFUSED:
    orf_ctl_board_refuse (watch->board, news->feed, news->text);
    break;
  case ORF_CTL_NEWS_LOST:
    orf_ctl_board_lose (watch->board, news->text);
    break;
  case ORF_CTL_NEWS_DONE:
  default:
    orf_ctl_view_take_note (&watch->view, g_steal_pointer (&news->text));
    break;
  }
}

static void
read_news (Watch *watch)
{
  OrfCtlNews *news;

  while ((news = orf_ctl_feeder_read (watch->feeder)) != NULL) {
    take_news (watch, news);
    orf_ctl_news_free (news);
  }
}

/* FALSE: the end is wanted. */
static gboolean
read_keys (Watch *watch)
{
  int key;

  while ((key = orf_ctl_curses_read_key ()) >= 0) {
    OrfCtlAction action = orf_ctl_view_press (&watch->view, watch->board, key);

    if (action == ORF_CTL_ACTION_QUIT)
      return FALSE;
    if (action == ORF_CTL_ACTION_ACKNOWLEDGE)
      orf_ctl_feeder_acknowledge (watch->feeder, watch->view.alert);
  }
  return TRUE;
}

/* FALSE: the end is wanted. */
static gboolean
read_signals (Watch *watch, int fd)
{
  struct signalfd_siginfo info;

  while (read (fd, &info, sizeof info) == sizeof info) {
    if (info.ssi_signo != SIGWINCH)
      return FALSE;
    orf_ctl_curses_measure (&watch->width, &watch->height);
  }
  return TRUE;
}

static void
run (Watch *watch, int signals)
{
  struct pollfd polls[N_POLLS] = {
    [POLL_KEYS] = { .fd = STDIN_FILENO, .events = POLLIN },
    [POLL_SIGNALS] = { .fd = signals, .events = POLLIN },
    [POLL_NEWS] = { .fd = orf_ctl_feeder_get_fd (watch->feeder), .events = POLLIN },
  };

  orf_ctl_curses_measure (&watch->width, &watch->height);
  do {
    draw (watch);
    if (poll (polls, N_POLLS, TICK_MS) < 0 && errno != EINTR)
      return;
    if (polls[POLL_KEYS].revents & (POLLHUP | POLLERR))
      return; /* the terminal is gone */
    read_news (watch);
  } while (read_signals (watch, signals) && read_keys (watch));
}

OrfCtlExit
orf_ctl_verb_board (OrfCtl *ctl, GError **error)
{
  static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH, 0 };
  OrfCtlTarget target = orf_ctl_get_target (ctl);
  g_autoptr (OrfCtlBoard) board = orf_ctl_board_new ();
  g_autoptr (OrfCtlFeeder) feeder = NULL;
  g_autofree char *address = dup_address (&target);
  Watch watch = { board, NULL, { 0 }, *orf_ctl_get_terminal (ctl), address, 0, 0 };
  int signal_fd;

  if (!check_terminal (ctl, error) || !orf_ctl_curses_open (&watch.terminal, error))
    return ORF_CTL_USAGE;
  watch.terminal.colour = TRUE; /* styles are written for cells; ncurses knows which colours */
  signal_fd = orf_ctl_take_signals (signals, error);
  if (signal_fd >= 0) {
    feeder = orf_ctl_feeder_new (&target, error);
    watch.feeder = feeder;
  }
  if (feeder != NULL)
    run (&watch, signal_fd);
  orf_ctl_curses_close ();
  orf_ctl_view_clear (&watch.view);
  if (signal_fd >= 0)
    close (signal_fd);
  return feeder != NULL ? ORF_CTL_DONE : ORF_CTL_SERVER_ERROR;
}
