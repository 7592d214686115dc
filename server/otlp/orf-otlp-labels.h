/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "otlp/orf-otlp-wire.h"

G_BEGIN_DECLS

/*
 * What becomes of attributes: the labels of a series.  Keys as Prometheus spells them (what is not
 * a letter, a digit or _ becomes _); values of keys that so become one are joined by a semicolon,
 * in the order of their own keys; an empty value is none.  Pure.
 */
typedef struct _OrfOtlpLabels OrfOtlpLabels;

OrfOtlpLabels *orf_otlp_labels_new (void);
void orf_otlp_labels_free (OrfOtlpLabels *labels);
void orf_otlp_labels_clear (OrfOtlpLabels *labels);

/* A label of ours; an attribute of the same key is told as exported_KEY. */
void orf_otlp_labels_set (OrfOtlpLabels *labels, const char *key, const char *value);
/* From attributes of a resource: `job` and `instance`, as Prometheus has them, and those in promote
 * (NULL-terminated; the attributes' own keys).  FALSE: it cannot be read, or all together are more
 * than a series could have. */
gboolean
orf_otlp_labels_set_resource (OrfOtlpLabels *labels, OrfOtlpBytes resource, char *const *promote);
/* `otel_scope_name`. */
gboolean orf_otlp_labels_set_scope (OrfOtlpLabels *labels, OrfOtlpBytes scope);
gboolean orf_otlp_labels_add_attribute (OrfOtlpLabels *labels, OrfOtlpBytes attribute);

/* All, and one more of ours where key is not NULL: key, value, …, NULL, sorted by key.  To be freed
 * with g_strfreev(). */
char **orf_otlp_labels_make (OrfOtlpLabels *labels, const char *key, const char *value);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfOtlpLabels, orf_otlp_labels_free)

G_END_DECLS
