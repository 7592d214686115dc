/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-config.h"

G_BEGIN_DECLS

/*
 * orfeasd --stdio: answers the calls that come on standard input from a file opened read-only,
 * beside a daemon or without one.  Nothing is sampled and nothing is written.  Main context.
 */
typedef struct _OrfInspector OrfInspector;

/* Takes config.  `ended` is called when standard input is at its end and all is answered. */
OrfInspector *orf_inspector_new (OrfConfig *config,
                                 void (*ended) (gpointer user_data),
                                 gpointer user_data,
                                 GError **error);
void orf_inspector_free (OrfInspector *inspector);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfInspector, orf_inspector_free)

G_END_DECLS
