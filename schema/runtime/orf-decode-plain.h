/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-decode.h"

G_BEGIN_DECLS

/*
 * The same struct as orf_decode_text() in strict mode gives, straight from the text and without a
 * tree, which is four times as quick.  NULL for all that is not plain: anything wrong, a member
 * given twice or null, a string with an escape, kinds other than objects, lists of them, labels,
 * strings, numbers and booleans.  Who gets NULL asks orf_decode(), which reads it or says why not.
 */
gpointer orf_decode_plain (const OrfDesc *desc, const char *text, gsize length);

G_END_DECLS
