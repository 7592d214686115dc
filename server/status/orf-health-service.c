/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "status/orf-health-service.h"

#include <string.h>

#include "core/orf-names.h"
#include "orf-error.h"
#include "orf-schema-bind.h"

/* A change that came and went again while a reader was slow still shows that it was. */
#define DEPTH 16

struct _OrfHealthService {
  const OrfStatusParts *parts;
  OrfRouter *router;
  gboolean serving;
  GHashTable *watched; /* service → Watched, while it has streams */
};

typedef struct {
  OrfHealthService *service;
  char *name;
  OrfChannel *channel;
  OrfServingStatus told;
} Watched;

/* What is turned off or not built does not serve; what works with less than it should have does. */
static OrfServingStatus
judge (const OrfComponent *component)
{
  switch (component->state) {
  case ORF_COMPONENT_STATE_OPERATIONAL:
  case ORF_COMPONENT_STATE_DEGRADED:
    return ORF_SERVING_STATUS_SERVING;
  default:
    return ORF_SERVING_STATUS_NOT_SERVING;
  }
}

static OrfServingStatus
find (OrfHealthService *service, const OrfComponent components[ORF_N_COMPONENTS], const char *name)
{
  if (name[0] == '\0')
    return service->serving ? ORF_SERVING_STATUS_SERVING : ORF_SERVING_STATUS_NOT_SERVING;
  for (guint i = 0; i < ORF_N_COMPONENTS; i++)
    if (g_str_equal (components[i].name, name))
      return judge (&components[i]);
  return ORF_SERVING_STATUS_UNSET;
}

OrfServingStatus
orf_health_service_look_up (OrfHealthService *service, const char *name)
{
  OrfComponent components[ORF_N_COMPONENTS];
  OrfServingStatus serving;

  orf_status_facts_decide (service->parts, components);
  serving = find (service, components, name);
  orf_components_clear (components);
  return serving;
}

static void
check_cb (OrfCall *call, const OrfHealthCheckParams *params, gpointer user_data)
{
  OrfHealthCheckResult result = { orf_health_service_look_up (user_data, params->service) };

  if (result.serving == ORF_SERVING_STATUS_UNSET)
    orf_call_fail (call, orf_error_new_field (ORF_ERROR_NOT_FOUND, "service",
                                              "a component's name in status.get, or nothing",
                                              "service: there is no \"%s\"", params->service));
  else
    orf_call_return_health_check (call, &result);
}

/* ---- watching -------------------------------------------------------------------------------- */

static char *
make_value (OrfServingStatus serving)
{
  const char *word = serving == ORF_SERVING_STATUS_UNSET ? "SERVICE_UNKNOWN"
                                                         : orf_serving_status_to_string (serving);

  return g_strdup_printf ("{\"serving\":\"%s\"}", word);
}

static void
tell_change (Watched *watched, OrfServingStatus serving)
{
  g_autofree char *json = make_value (serving);

  watched->told = serving;
  orf_channel_publish (watched->channel, json, strlen (json));
}

void
orf_health_service_look (OrfHealthService *service)
{
  OrfComponent components[ORF_N_COMPONENTS];
  GHashTableIter iter;
  gpointer value;

  if (g_hash_table_size (service->watched) == 0)
    return;
  orf_status_facts_decide (service->parts, components);
  g_hash_table_iter_init (&iter, service->watched);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Watched *watched = value;
    OrfServingStatus serving = find (service, components, watched->name);

    if (serving != watched->told)
      tell_change (watched, serving);
  }
  orf_components_clear (components);
}

static void
watched_free (gpointer data)
{
  Watched *watched = data;

  orf_channel_free (watched->channel);
  g_free (watched->name);
  g_free (watched);
}

static void
idle_cb (gpointer user_data)
{
  Watched *watched = user_data;

  g_hash_table_remove (watched->service->watched, watched->name);
}

static Watched *
watched_new (OrfHealthService *service, const char *name)
{
  Watched *watched = g_new0 (Watched, 1);

  watched->service = service;
  watched->name = g_strdup (name);
  watched->told = orf_health_service_look_up (service, name);
  watched->channel = orf_channel_new (orf_router_get_streams (service->router), DEPTH, idle_cb,
                                      watched);
  g_hash_table_insert (service->watched, watched->name, watched);
  return watched;
}

static void
watch_cb (OrfCall *call, const OrfHealthWatchParams *params, gpointer user_data)
{
  OrfHealthService *service = user_data;
  Watched *watched = g_hash_table_lookup (service->watched, params->service);
  g_autofree char *json = NULL;
  g_autoptr (OrfBlob) first = NULL;

  if (watched == NULL)
    watched = watched_new (service, params->service);
  json = make_value (watched->told);
  first = orf_blob_new (json, strlen (json));
  if (!orf_call_return_stream (call, watched->channel, first) &&
      orf_channel_get_n_streams (watched->channel) == 0)
    g_hash_table_remove (service->watched, watched->name);
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfHealthService *
orf_health_service_new (OrfRouter *router, const OrfStatusParts *parts)
{
  OrfHealthService *service = g_new0 (OrfHealthService, 1);

  service->parts = parts;
  service->router = orf_router_ref (router);
  service->watched = orf_names_table_new (NULL, watched_free);
  orf_bind_health_check (router, check_cb, service);
  orf_bind_health_watch (router, watch_cb, service);
  return service;
}

void
orf_health_service_free (OrfHealthService *service)
{
  g_hash_table_unref (service->watched);
  orf_router_unref (service->router);
  g_free (service);
}

void
orf_health_service_set_serving (OrfHealthService *service, gboolean serving)
{
  service->serving = serving;
  orf_health_service_look (service);
}

gboolean
orf_health_service_get_serving (OrfHealthService *service)
{
  return service->serving;
}
