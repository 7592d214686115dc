/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Enough for any text below, with its NUL. */
#define ORF_NUMBER_MAX 32

/* Both write to buffer, which has room for ORF_NUMBER_MAX bytes, and return the length. */
guint orf_number_format_integer (char *buffer, gint64 value);
/* The shortest decimal text that reads back as the same double; "null" for NAN and infinities. */
guint orf_number_format_double (char *buffer, double value);

/* Exactly eight digits, with zeros before; value is below 10^8.  No NUL. */
void orf_number_format_eight (char *buffer, guint32 value);

G_END_DECLS
