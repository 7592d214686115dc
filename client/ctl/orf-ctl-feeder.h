/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-ctl-board.h"
#include "orf-ctl-connection.h"

G_BEGIN_DECLS

/* Asks the daemon for the board's feeds on a thread of its own, so that keys and the screen never
 * wait for it, and connects anew for as long as it is gone. */
typedef struct _OrfCtlFeeder OrfCtlFeeder;

typedef enum {
  ORF_CTL_NEWS_RESULT,  /* of `feed` */
  ORF_CTL_NEWS_REFUSED, /* `feed`, for the reason `text` */
  ORF_CTL_NEWS_LOST,    /* nobody answers: `text` */
  ORF_CTL_NEWS_DONE,    /* what became of a command: `text` */
} OrfCtlNewsKind;

typedef struct {
  OrfCtlNewsKind kind;
  OrfCtlFeed feed;
  gpointer result; /* the result struct of the feed's method; who reads may steal it */
  char *text;
} OrfCtlNews;

void orf_ctl_news_free (OrfCtlNews *news);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCtlNews, orf_ctl_news_free)

/* target's texts must outlive it. */
OrfCtlFeeder *orf_ctl_feeder_new (const OrfCtlTarget *target, GError **error);
/* Waits for a call that is under way, two seconds at most. */
void orf_ctl_feeder_free (OrfCtlFeeder *feeder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCtlFeeder, orf_ctl_feeder_free)

/* Is readable when there is news. */
int orf_ctl_feeder_get_fd (const OrfCtlFeeder *feeder);
/* NULL: no more for now. */
OrfCtlNews *orf_ctl_feeder_read (OrfCtlFeeder *feeder);
/* Acknowledges an alert, and asks for the alerts again. */
void orf_ctl_feeder_acknowledge (OrfCtlFeeder *feeder, const char *alert);

G_END_DECLS
