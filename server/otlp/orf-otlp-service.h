/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-metrics-parts.h"
#include "transport/orf-http-server.h"

G_BEGIN_DECLS

/*
 * OTLP over HTTP: what is asked of a request before its body goes to the ingest thread, for all
 * signals alike, and who takes what comes back.  Main context only.
 */
typedef struct _OrfOtlpService OrfOtlpService;

/* parts outlive it. */
OrfOtlpService *orf_otlp_service_new (const OrfMetricsParts *parts, GError **error);
/* Takes requests there. */
void orf_otlp_service_add (OrfOtlpService *service, OrfHttpServer *server);
/* Once the servers are gone: ends the thread. */
void orf_otlp_service_stop (OrfOtlpService *service);
/* Once the store is closed. */
void orf_otlp_service_free (OrfOtlpService *service);

G_END_DECLS
