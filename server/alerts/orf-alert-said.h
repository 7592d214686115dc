/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-config.h"
#include "store/orf-store-alert-rules.h"

G_BEGIN_DECLS

/*
 * What is said of rules before anybody calls: what is built in, and what the config says; in the
 * terms of what is said by call, of which each may be left out.
 */

/* OrfAlertRuleRow by name. */
GPtrArray *orf_alert_said_builtin (const OrfConfig *config);
/* The same of [alerts]'s entries.  INVALID_ARGUMENT with the key. */
GPtrArray *orf_alert_said_config (const OrfConfig *config, GError **error);

/* A name of a rule: letters, digits, - and _, at most 64.  INVALID_ARGUMENT, this field. */
gboolean orf_alert_said_check_name (const char *name, const char *field, GError **error);

/* An array of such names, which need no quoting. */
char *orf_alert_said_names_to_json (char *const *names);

G_END_DECLS
