/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-desc.h"
#include "store/orf-connection.h"

G_BEGIN_DECLS

/*
 * A row as a struct of the schema: each column goes to the member of its name, one that no member
 * is called like is left out.  NULL is what the member has for unknown.  Arrays of strings and
 * labels are JSON in the file; other arrays, and objects, are for others to fill.
 */
gpointer orf_row_struct_new (OrfStatement *statement, const OrfDesc *desc);

G_END_DECLS
