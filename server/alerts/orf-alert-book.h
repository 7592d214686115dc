/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "alerts/orf-alert-rule.h"
#include "orf-schema-config.h"
#include "store/orf-store-alert-rules.h"

G_BEGIN_DECLS

/*
 * The rules in force: what is built in, with what the config says of it and beside it, and what was
 * said by call, of which the later goes before the earlier, key by key.  Pure.
 */
typedef struct _OrfAlertBook OrfAlertBook;

typedef struct {
  OrfAlertRule *rule;
  guint number;              /* its own while it stays as it is; another once it changes */
  OrfAlertRuleSource source; /* who spoke of it first */
  gboolean enabled;
  char *help;          /* may be NULL */
  char **inhibited_by; /* names; may be empty */
  gint64 set_us;       /* 0: nothing was said by call */
  const char *set_by;  /* NULL: the same; the row's */
} OrfAlertEntry;

/* rows: OrfAlertRuleRow, what was said by call; of a row that says no rule (any more) the reason is
 * logged, and it is left out.  config outlives it.  INVALID_ARGUMENT with the key of the config. */
OrfAlertBook *orf_alert_book_new (const OrfConfig *config, GPtrArray *rows, GError **error);
void orf_alert_book_free (OrfAlertBook *book);

/* OrfAlertEntry by name. */
const GPtrArray *orf_alert_book_list (const OrfAlertBook *book);
/* NULL: there is none. */
const OrfAlertEntry *orf_alert_book_find (const OrfAlertBook *book, const char *name);

/* What was said by call until now, with what is said in addition: the row to be written.
 * INVALID_ARGUMENT with the field; RESOURCE_EXHAUSTED: [alerts] max_rules. */
OrfAlertRuleRow *
orf_alert_book_propose (const OrfAlertBook *book, const OrfAlertRuleRow *said, GError **error);
/* What would be in force with the row, which was proposed; its set_by is the row's. */
OrfAlertEntry *orf_alert_book_preview (const OrfAlertBook *book, const OrfAlertRuleRow *row);
void orf_alert_entry_free (OrfAlertEntry *entry);
/* Takes row, which was proposed. */
void orf_alert_book_say (OrfAlertBook *book, OrfAlertRuleRow *row);
/* FAILED_PRECONDITION: nothing was said by call, or another rule is inhibited by it; NOT_FOUND. */
gboolean orf_alert_book_check_unsay (const OrfAlertBook *book, const char *name, GError **error);
void orf_alert_book_unsay (OrfAlertBook *book, const char *name);
/* The config was read anew, and its text has passed orf_alert_book_new(). */
void orf_alert_book_reload (OrfAlertBook *book);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAlertBook, orf_alert_book_free)

G_END_DECLS
