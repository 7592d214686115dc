/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-ctl-board.h"

G_BEGIN_DECLS

/* What the person at the keyboard has chosen to see, and what a key does to that. */

typedef enum {
  ORF_CTL_ORDER_MEMORY, /* most first */
  ORF_CTL_ORDER_NAME,
  ORF_CTL_ORDER_PID,
  ORF_CTL_N_ORDERS
} OrfCtlOrder;

typedef struct {
  gboolean helps;   /* the keys are shown in place of the board */
  gboolean is_held; /* nothing new is shown */
  gboolean asks;    /* whether `alert` is to be acknowledged */
  OrfCtlOrder order;
  char *device; /* the only one that is shown; NULL: all */
  char *alert;  /* the one that the next command is about; NULL: none */
  char *note;   /* what became of the last command */
} OrfCtlView;

/* Keys that are no character. */
enum {
  ORF_CTL_KEY_UP = 0x110000, /* beyond Unicode */
  ORF_CTL_KEY_DOWN,
};

typedef enum {
  ORF_CTL_ACTION_NONE, /* but to draw it anew */
  ORF_CTL_ACTION_QUIT,
  ORF_CTL_ACTION_ACKNOWLEDGE, /* view->alert */
} OrfCtlAction;

void orf_ctl_view_clear (OrfCtlView *view);
OrfCtlAction orf_ctl_view_press (OrfCtlView *view, const OrfCtlBoard *board, int key);
/* Takes text, which is shown until the next key. */
void orf_ctl_view_take_note (OrfCtlView *view, char *text);

const char *orf_ctl_order_to_string (OrfCtlOrder order);
/* What the help shows: lines of a key, a tab, and what it does. */
extern const char *const orf_ctl_view_keys[];

G_END_DECLS
