/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "actuators/orf-actuator-kind.h"

G_BEGIN_DECLS

/*
 * Requests to one server, one at a time, bounded in time and size.  No redirects, no proxies, no
 * cookies: what a server answers makes the daemon ask nobody else.  Main context.
 */
typedef struct _OrfActuatorHttp OrfActuatorHttp;

/* body is borrowed.  problem NULL: it answered, with whatever status. */
typedef void (*OrfActuatorAnswered) (gpointer user_data,
                                     guint status,
                                     const GString *body,
                                     const char *problem);

/* settings were checked, and are borrowed.  FAILED_PRECONDITION: ca_file is none. */
OrfActuatorHttp *orf_actuator_http_new (const OrfConfigActuator *settings, GError **error);
/* What is under way ends by itself, and tells nobody. */
void orf_actuator_http_free (OrfActuatorHttp *http);
/* answered is called later, once; none may be under way. */
void orf_actuator_http_send (OrfActuatorHttp *http,
                             const OrfActuatorRequest *request,
                             gint64 timeout_us,
                             OrfActuatorAnswered answered,
                             gpointer user_data);
/* answered is not called any more; none under way is fine. */
void orf_actuator_http_cancel (OrfActuatorHttp *http);
/* The server as people may see it. */
const char *orf_actuator_http_get_shown (OrfActuatorHttp *http);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfActuatorHttp, orf_actuator_http_free)

G_END_DECLS
