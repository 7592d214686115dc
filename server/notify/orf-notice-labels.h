/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-types.h"

G_BEGIN_DECLS

/* How an alert looks to those who speak Prometheus: labels, annotations, times.  Pure. */

/* key, value, …, NULL, sorted: those of the alert under legal names, alertname, severity. */
char **orf_notice_labels_make (const OrfAlertTold *told);
/* The same of the labels of a group: rule is alertname. */
char **orf_notice_labels_make_group (char *const *group);
char **orf_notice_labels_make_annotations (const OrfAlertTold *told);
/* As Alertmanager names an alert: 16 hex digits, FNV-1a of its labels (prometheus/common,
 * model.LabelSet.Fingerprint). */
char *orf_notice_labels_make_fingerprint (char *const *labels);
/* {"k":"v"} */
void orf_notice_labels_append_json (GString *json, char *const *labels);
/* Where one can look at it; NULL: external_url is empty. */
char *orf_notice_labels_make_link (const char *external_url);

G_END_DECLS
