/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-methods.h"

G_BEGIN_DECLS

/* What `orfeasctl watch` knows: the latest answer of each of the calls that it makes.  It asks
 * nobody and draws nothing. */

typedef enum {
  ORF_CTL_FEED_STATUS,
  ORF_CTL_FEED_DEVICES,
  ORF_CTL_FEED_ALERTS,
  ORF_CTL_FEED_LEVELS, /* shares of GPU and host over the last minutes */
  ORF_CTL_FEED_RATES,  /* calls and gets a second over the last minutes */
  ORF_CTL_FEED_ANOMALIES,
  ORF_CTL_FEED_PREDICTIONS,
  ORF_CTL_FEED_WORKERS,
  ORF_CTL_FEED_CACHE,
  ORF_CTL_FEED_OPERATIONS,
  ORF_CTL_N_FEEDS
} OrfCtlFeed;

typedef struct {
  OrfMethodId method;
  const char *params; /* JSON text; NULL: none */
  gint64 last_us;     /* asked from so long ago on; 0: as params have it */
  gint64 every_us;    /* how often */
} OrfCtlFeedRow;
extern const OrfCtlFeedRow orf_ctl_feeds[ORF_CTL_N_FEEDS];

typedef struct _OrfCtlBoard OrfCtlBoard;

OrfCtlBoard *orf_ctl_board_new (void);
void orf_ctl_board_free (OrfCtlBoard *board);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCtlBoard, orf_ctl_board_free)

/* Takes the result struct of the feed's method. */
void orf_ctl_board_take (OrfCtlBoard *board, OrfCtlFeed feed, gpointer result, gint64 now_us);
/* The server answers, but not this. */
void orf_ctl_board_refuse (OrfCtlBoard *board, OrfCtlFeed feed, const char *reason);
/* Nobody answers; what was known stays.  The next answer ends it. */
void orf_ctl_board_lose (OrfCtlBoard *board, const char *reason);

/* NULL: no answer yet. */
gconstpointer orf_ctl_board_get (const OrfCtlBoard *board, OrfCtlFeed feed);
/* Why a feed is not answered; NULL: it is. */
const char *orf_ctl_board_get_refusal (const OrfCtlBoard *board, OrfCtlFeed feed);
/* NULL: there is a connection. */
const char *orf_ctl_board_get_loss (const OrfCtlBoard *board);
/* When the newest answer came; 0: none yet. */
gint64 orf_ctl_board_get_fresh_us (const OrfCtlBoard *board);

/* Of the feeds LEVELS and RATES: the series of that name and, unless NULL, device; NULL: none. */
const OrfMetricsSeriesPoints *orf_ctl_board_find_series (const OrfCtlBoard *board,
                                                         OrfCtlFeed feed,
                                                         const char *name,
                                                         const char *device);
/* An alert that is active; -1: no such one. */
int orf_ctl_board_find_alert (const OrfCtlBoard *board, const char *id);
/* Whether the daemon lets us. */
gboolean orf_ctl_board_may (const OrfCtlBoard *board, const char *role);

G_END_DECLS
