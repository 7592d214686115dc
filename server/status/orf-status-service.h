/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "status/orf-status-facts.h"

G_BEGIN_DECLS

/*
 * status.get: each part asked for what it knows of itself.
 */
typedef struct _OrfStatusService OrfStatusService;

/* Binds the method; router and parts outlive it.  Up time counts from here. */
OrfStatusService *orf_status_service_new (OrfRouter *router, const OrfStatusParts *parts);
void orf_status_service_free (OrfStatusService *service);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfStatusService, orf_status_service_free)

G_END_DECLS
