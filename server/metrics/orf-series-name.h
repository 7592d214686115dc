/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * What a series is called: a metric's name and labels.  Labels are a string array key, value, key,
 * …, NULL, sorted by key, as the codec decodes them.  Canonical text is name{k="v",l="w"} with \\,
 * \" and \n escaped in values, or the bare name.  Pure.
 */

/* [A-Za-z_][A-Za-z0-9_.:/-]*, at most 200 bytes.  INVALID_ARGUMENT with this field. */
gboolean orf_series_name_check (const char *name, const char *field, GError **error);
/* At most max_labels; keys [A-Za-z_][A-Za-z0-9_]* of at most 64 bytes, values of at most 256 bytes
 * of UTF-8; none twice.  labels may be NULL.  The field is field.KEY where a label is to blame. */
gboolean orf_series_name_check_labels (char *const *labels,
                                       guint max_labels,
                                       const char *field,
                                       GError **error);

char *orf_series_name_to_text (const char *name, char *const *labels);
/* {"k":"v"}, as table `series` has it. */
char *orf_series_name_labels_to_json (char *const *labels);
/* NULL when json is not an object of strings. */
char **orf_series_name_labels_from_json (const char *json);
/* Those of the labels whose keys are in `by`, in their order. */
char **orf_series_name_keep_labels (char *const *labels, const char *const *by);
/* With the name as the label __name__, so that series of several names can be told apart. */
char **orf_series_name_add_name (const char *name, char *const *labels);
/* NULL: has no such label */
const char *orf_series_name_get_label (char *const *labels, const char *key);

G_END_DECLS
