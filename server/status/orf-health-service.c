/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "status/orf-health-service.h"

#include "orf-error.h"
#include "orf-schema-bind.h"

struct _OrfHealthService {
  const OrfStatusParts *parts;
  gboolean serving;
};

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
look_up (OrfHealthService *service, const char *name)
{
  OrfComponent components[ORF_N_COMPONENTS];
  OrfServingStatus serving = ORF_SERVING_STATUS_UNSET;

  if (name[0] == '\0')
    return service->serving ? ORF_SERVING_STATUS_SERVING : ORF_SERVING_STATUS_NOT_SERVING;
  orf_status_facts_decide (service->parts, components);
  for (guint i = 0; i < ORF_N_COMPONENTS; i++)
    if (g_str_equal (components[i].name, name))
      serving = judge (&components[i]);
  orf_components_clear (components);
  return serving;
}

static void
check_cb (OrfCall *call, const OrfHealthCheckParams *params, gpointer user_data)
{
  OrfHealthCheckResult result = { look_up (user_data, params->service) };

  if (result.serving == ORF_SERVING_STATUS_UNSET)
    orf_call_fail (call, orf_error_new_field (ORF_ERROR_NOT_FOUND, "service",
                                              "a component's name in status.get, or nothing",
                                              "service: there is no \"%s\"", params->service));
  else
    orf_call_return_health_check (call, &result);
}

OrfHealthService *
orf_health_service_new (OrfRouter *router, const OrfStatusParts *parts)
{
  OrfHealthService *service = g_new0 (OrfHealthService, 1);

  service->parts = parts;
  orf_bind_health_check (router, check_cb, service);
  return service;
}

void
orf_health_service_free (OrfHealthService *service)
{
  g_free (service);
}

void
orf_health_service_set_serving (OrfHealthService *service, gboolean serving)
{
  service->serving = serving;
}

gboolean
orf_health_service_get_serving (OrfHealthService *service)
{
  return service->serving;
}
