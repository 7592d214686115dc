/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "incidents/orf-incident-service.h"

#include <string.h>

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "audit/orf-call-write.h"
#include "core/orf-clock.h"
#include "core/orf-id.h"
#include "orf-error.h"
#include "orf-schema-bind.h"
#include "rpc/orf-list-cursor.h"
#include "rpc/orf-list-page.h"

/* Members that one incident is told with: of a list's many, and by itself. */
#define MEMBERS_IN_LIST 10
#define MEMBERS_ALONE   1000
/* Characters of a member's title: a mark may have a page of text. */
#define MAX_MEMBER_TITLE 200

struct _OrfIncidentService {
  const OrfConfig *config;
  OrfStore *store;
  /* Given out here, and not by the writer: the answer that is stored for a repetition is part of
   * the write.  One that fails leaves a gap. */
  gint64 next_id;
};

static gboolean
parse_id (const char *text, gint64 *id, GError **error)
{
  if (orf_id_parse (ORF_ID_INCIDENT, text, id))
    return TRUE;
  g_set_error (error, ORF_ERROR, ORF_ERROR_NOT_FOUND, "there is no such incident");
  return FALSE;
}

/* ---- what is told ---------------------------------------------------------------------------- */

static OrfIncidentMember *
make_member (const OrfMemberRow *row)
{
  OrfIncidentMember *member = orf_incident_member_new ();

  member->kind = g_strdup (row->kind);
  member->id = g_strdup (row->id);
  member->t_us = row->t_us;
  member->title = g_utf8_strlen (row->title, -1) > MAX_MEMBER_TITLE
                    ? g_utf8_substring (row->title, 0, MAX_MEMBER_TITLE)
                    : g_strdup (row->title);
  return member;
}

static OrfIncidentInfo *
make_info (const OrfIncidentRow *row, guint max_members)
{
  OrfIncidentInfo *info = orf_incident_info_new ();

  info->id = orf_id_format (ORF_ID_INCIDENT, row->id);
  info->title = g_strdup (row->title);
  info->from_us = row->from_us;
  info->to_us = row->to_us;
  info->reason = g_strdup (row->reason);
  info->author = g_strdup (row->author);
  info->created_us = row->created_us;
  info->members = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_incident_member_free);
  for (guint i = MIN (row->members->len, max_members); i > 0; i--)
    g_ptr_array_add (info->members, make_member (row->members->pdata[i - 1]));
  info->more_members = row->members->len > max_members;
  return info;
}

/* ---- incidents.pin --------------------------------------------------------------------------- */

/* A window whose members are being read. */
typedef struct {
  OrfIncidentService *service;
  OrfCall *call;
  OrfIncidentRow *row;
} Pin;

static void
pin_free (Pin *pin)
{
  orf_incident_row_free (pin->row);
  g_free (pin);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Pin, pin_free)

/* What happened in the window is part of the answer, and so of what a repetition is told. */
static void
found_members_cb (gpointer user_data, GPtrArray *members, const GError *failure)
{
  g_autoptr (Pin) pin = user_data;
  OrfIncidentService *service = pin->service;
  g_autoptr (OrfIncidentInfo) info = NULL;
  OrfCallWrite *write = NULL;

  if (failure != NULL) {
    orf_call_fail (pin->call, g_error_copy (failure));
    return;
  }
  pin->row->members = g_ptr_array_ref (members);
  pin->row->id = orf_incident_service_take_id (service);
  info = make_info (pin->row, MEMBERS_ALONE);
  write = orf_call_write_new (pin->call, &orf_incident_info_desc, info);
  if (write != NULL)
    orf_store_write_incident (service->store, g_steal_pointer (&pin->row),
                              (guint) service->config->history.max_pins,
                              orf_call_write_get_idempotency (write), orf_call_write_done_cb,
                              write);
}

static gboolean
check_window (const OrfIncidentService *service,
              const OrfIncidentsPinParams *params,
              GError **error)
{
  gint64 max_us = service->config->history.max_pin_us;
  g_autofree char *allowed = NULL;

  if (params->to_us > params->from_us && params->to_us - params->from_us <= max_us)
    return TRUE;
  allowed = g_strdup_printf ("%" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
                             " (from_us and [history] max_pin_us)",
                             params->from_us + 1, params->from_us + max_us);
  g_propagate_error (
    error, params->to_us <= params->from_us
             ? orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "to_us", allowed,
                                    "to_us: the window ends before it begins, or is empty")
             : orf_error_new_field (ORF_ERROR_OUT_OF_RANGE, "to_us", allowed,
                                    "to_us: the window is longer than may be pinned at once"));
  return FALSE;
}

static OrfIncidentRow *
make_row (OrfCall *call, const OrfIncidentsPinParams *params)
{
  OrfIncidentRow *row = orf_incident_row_new ();

  row->from_us = params->from_us;
  row->to_us = params->to_us;
  row->title = g_strdup (params->title);
  row->reason = g_strdup (params->reason);
  row->author = g_strdup (orf_call_get_actor (call));
  row->created_us = orf_clock_now_us ();
  return row;
}

static void
pin_cb (OrfCall *call, const OrfIncidentsPinParams *params, gpointer user_data)
{
  OrfIncidentService *service = user_data;
  GError *error = NULL;
  Pin *pin;

  if (!check_window (service, params, &error)) {
    orf_call_fail (call, error);
    return;
  }
  pin = g_new (Pin, 1);
  *pin = (Pin){ service, call, make_row (call, params) };
  orf_store_read_members (service->store, params->from_us, params->to_us, MEMBERS_ALONE + 1,
                          orf_call_get_cancel (call), found_members_cb, pin);
}

/* ---- incidents.unpin ------------------------------------------------------------------------- */

static void
unpin_cb (OrfCall *call, const OrfIncidentsUnpinParams *params, gpointer user_data)
{
  static const OrfIncidentsUnpinResult result = { .unpinned = TRUE };
  OrfIncidentService *service = user_data;
  OrfCallWrite *write = NULL;
  GError *error = NULL;
  gint64 id;

  if (!parse_id (params->id, &id, &error)) {
    orf_call_fail (call, error);
    return;
  }
  write = orf_call_write_new (call, &orf_incidents_unpin_result_desc, &result);
  if (write != NULL)
    orf_store_delete_incident (service->store, id, orf_call_write_get_idempotency (write),
                               orf_call_write_done_cb, write);
}

/* ---- incidents.list and incidents.get -------------------------------------------------------- */

static void
answer_list (const OrfListPage *page, const GPtrArray *rows)
{
  g_autoptr (OrfIncidentsListResult) result = orf_incidents_list_result_new ();
  guint n = MIN (rows->len, page->limit);

  result->incidents = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_incident_info_free);
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (result->incidents, make_info (rows->pdata[i], MEMBERS_IN_LIST));
  if (rows->len > n) {
    const OrfIncidentRow *last = rows->pdata[n - 1];

    result->next_cursor = orf_list_cursor_format (last->from_us, last->id);
  }
  orf_call_return_incidents_list (page->call, result);
}

static void
list_cb (OrfCall *call, const OrfIncidentsListParams *params, gpointer user_data)
{
  OrfIncidentService *service = user_data;
  OrfIncidentFilter filter = {
    .from_us = params->has_from_us ? params->from_us : 0,
    .to_us = params->has_to_us ? params->to_us : G_MAXINT64,
    .before_us = G_MAXINT64,
    .max = (guint) params->limit + 1, /* one more tells whether there is a next page */
    .max_members = MEMBERS_IN_LIST + 1,
  };
  OrfListPage *page;

  page = orf_list_page_new (call, params->limit, params->cursor, answer_list, &filter.before_us,
                            &filter.before_id);
  if (page != NULL)
    orf_store_read_incidents (service->store, &filter, orf_call_get_cancel (call),
                              orf_list_page_read_cb, page);
}

static void
got_cb (gpointer user_data, GPtrArray *rows, const GError *error)
{
  OrfCall *call = user_data;
  g_autoptr (OrfIncidentInfo) info = NULL;

  if (error != NULL) {
    orf_call_fail (call, g_error_copy (error));
  } else if (rows->len == 0) {
    orf_call_fail (call, g_error_new (ORF_ERROR, ORF_ERROR_NOT_FOUND, "there is no such incident"));
  } else {
    info = make_info (rows->pdata[0], MEMBERS_ALONE);
    orf_call_return_incidents_get (call, info);
  }
}

static void
get_cb (OrfCall *call, const OrfIncidentsGetParams *params, gpointer user_data)
{
  OrfIncidentService *service = user_data;
  OrfIncidentFilter filter = {
    .to_us = G_MAXINT64,
    .before_us = G_MAXINT64,
    .max = 1,
    .max_members = MEMBERS_ALONE + 1,
  };
  GError *error = NULL;

  if (parse_id (params->id, &filter.id, &error))
    orf_store_read_incidents (service->store, &filter, orf_call_get_cancel (call), got_cb, call);
  else
    orf_call_fail (call, error);
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfIncidentService *
orf_incident_service_new (const OrfConfig *config, OrfStore *store, GError **error)
{
  g_autoptr (OrfIncidentService) service = g_new0 (OrfIncidentService, 1);
  gint64 max_id;

  if (!orf_store_load_max_incident_id (store, &max_id, error))
    return NULL;
  service->config = config;
  service->store = store;
  service->next_id = max_id + 1;
  return g_steal_pointer (&service);
}

void
orf_incident_service_free (OrfIncidentService *service)
{
  g_free (service);
}

gint64
orf_incident_service_take_id (OrfIncidentService *service)
{
  return service->next_id++;
}

void
orf_incident_service_bind (OrfIncidentService *service, OrfRouter *router)
{
  orf_bind_incidents_pin (router, pin_cb, service);
  orf_bind_incidents_unpin (router, unpin_cb, service);
  orf_bind_incidents_list (router, list_cb, service);
  orf_bind_incidents_get (router, get_cb, service);
}
