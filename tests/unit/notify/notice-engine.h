/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "notify/orf-notifier.h"

/* A stand-in for the engine of alerts: it makes them fire and end as it is told, writes what that
 * makes in one transaction, and hands it to the notifier when it is on disk. */
typedef struct {
  OrfStore *store;
  OrfNotifier *notifier;
  GHashTable *alerts; /* id -> OrfNoticeAlert that fire */
  guint n_writing;
} NoticeEngine;

/* Reads what fires from the file, and starts the notifier with it. */
void notice_engine_start (NoticeEngine *engine, OrfStore *store, OrfNotifier *notifier);
void notice_engine_clear (NoticeEngine *engine);
/* Takes alert. */
void notice_engine_fire (NoticeEngine *engine, OrfNoticeAlert *alert);
void notice_engine_resolve (NoticeEngine *engine, gint64 id);
/* matchers NULL: none is in force. */
void notice_engine_silence (NoticeEngine *engine, const char *matchers, gint64 until_us);
/* All that was written is. */
void notice_engine_settle (NoticeEngine *engine);
