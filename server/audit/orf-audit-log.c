/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit/orf-audit-log.h"

#include "core/orf-clock.h"
#include "orf-json.h"

#define WINDOW_US (60 * ORF_US_PER_S)

struct _OrfAuditLog {
  OrfStore *store;
  OrfRouter *router;
  gint64 window_us; /* when the minute at hand began */
  guint n_in_window;
  guint n_left_out;
};

/* ---- calls ----------------------------------------------------------------------------------- */

typedef struct {
  OrfAuditedFunc done;
  gpointer data;
} Waiter;

static void
call_written_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  Waiter *waiter = user_data;

  waiter->done (waiter->data, error);
  g_free (waiter);
}

static void
audit_call_cb (gpointer user_data,
               const char *actor,
               const char *method,
               const char *detail_json,
               OrfAuditedFunc done,
               gpointer data)
{
  OrfAuditLog *log = user_data;
  const OrfAudit row = { actor, method, detail_json };
  Waiter *waiter = g_new0 (Waiter, 1);

  *waiter = (Waiter){ done, data };
  orf_store_write_audit (log->store, &row, call_written_cb, waiter);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void
note_written_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  g_autofree char *method = user_data;

  if (error != NULL)
    g_warning ("%s is not in the audit: %s", method, error->message);
}

void
orf_audit_log_note (OrfAuditLog *log, const char *actor, const char *method, json_t *detail)
{
  g_autoptr (json_t) taken = detail;
  g_autofree char *text = taken != NULL ? orf_json_dump (taken) : NULL;
  const OrfAudit row = { actor, method, text };

  orf_store_write_audit (log->store, &row, note_written_cb, g_strdup (method));
}

void
orf_audit_log_note_refusal (OrfAuditLog *log, const char *actor, const char *method, json_t *detail)
{
  gint64 now_us = orf_clock_monotonic_us ();

  if (log->window_us == 0 || now_us - log->window_us >= WINDOW_US) {
    log->window_us = now_us;
    log->n_in_window = 0;
  }
  if (log->n_in_window >= ORF_AUDIT_REFUSALS_PER_MINUTE) {
    log->n_left_out++;
    json_decref (detail);
    return;
  }
  log->n_in_window++;
  if (log->n_left_out > 0)
    json_object_set_new (detail, "left_out", json_integer (log->n_left_out));
  log->n_left_out = 0;
  orf_audit_log_note (log, actor, method, detail);
}

static void
denied_cb (gpointer user_data, const char *actor, const char *method)
{
  orf_audit_log_note_refusal (user_data, actor, "auth.denied",
                              json_pack ("{s:s}", "method", method));
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfAuditLog *
orf_audit_log_new (OrfStore *store, OrfRouter *router)
{
  OrfAuditLog *log = g_new0 (OrfAuditLog, 1);

  log->store = store;
  log->router = orf_router_ref (router);
  orf_router_set_audit (router, audit_call_cb, log);
  orf_router_set_denied (router, denied_cb, log);
  return log;
}

void
orf_audit_log_free (OrfAuditLog *log)
{
  if (log == NULL)
    return;
  orf_router_set_audit (log->router, NULL, NULL);
  orf_router_set_denied (log->router, NULL, NULL);
  orf_router_unref (log->router);
  g_free (log);
}
